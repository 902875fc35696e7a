import { expose } from 'comlink';
import { browserMachine } from '../src/engine/browser';
import { Session } from '../src/engine/session';
import { workerDecoder } from './decoder';
import { live } from './life';

/** What ONNX Runtime calls its threads: they load this script again, each as a worker, and must not become engines with decoders of their own. */
const THREAD = 'em-pthread';

function serve(): void {
  live();
  expose(new Session(browserMachine(workerDecoder())));
}

if (self.name !== THREAD) serve();
