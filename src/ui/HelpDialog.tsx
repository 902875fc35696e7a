import { Modal } from '@mantine/core';
import type { ReactElement } from 'react';
import styles from './HelpDialog.module.css';

interface HelpDialogProps {
  readonly opened: boolean;
  readonly onClose: () => void;
}

export function HelpDialog({ opened, onClose }: HelpDialogProps): ReactElement {
  return (
    <Modal opened={opened} onClose={onClose} title="What this page does" size="lg" closeButtonProps={{ 'aria-label': 'Close' }}>
      <div className={styles.text}>
        <p>
          CLIP models often miss what a person sees at once: which way an arrow points, how many cups there are. Here such a model, the <b>Eyes</b>,
          learns from a diffusion model, the <b>Teacher</b>: the Teacher removes noise from your <b>Pictures</b> knowing only what the Eyes tell it, and the Eyes
          are changed so that it succeeds better. No captions are needed. All of it happens in this tab; nothing of yours leaves your machine. Only where you name a model of the Hugging Face hub does the page ask that hub for its files.
        </p>
        <p>
          <b>Tune</b> does that step by step. Then <b>Compare</b> asks both models, before and after, about pairs of pictures that differ in one thing: each of two
          captions must be closer to its own picture. A pair counts only if both are. <b>Measure</b> asks
          other things, each when you want it. Differences that chance may well have made stay grey.
        </p>
        <p>
          The last checkpoint of a run stays in this browser, up to 1 GiB, until the run is done: after a reload or a crash the page offers to go on with it.
        </p>
        <p>
          With the small models that the page begins with, over three seeds: 4.2 points more pairs right on average, where the control lost 11.6; captions found their pictures, and pictures
          their captions, 5.4 points more often; things were named rightly 1.6 points less often, and linear probes found nothing more in the embedding. With the texts aligned again
          afterwards, which <b>Measure</b> can do, it was 4.9 points, and 0.7 without the feedback. What the paper reports of large models is not shown here.
        </p>
        <h3>Bringing your own</h3>
        <p>
          Drop a folder, pictures, a zip archive or a model anywhere on the page. CLIP models are folders in the Hugging Face layout with <code>onnx/vision_model.onnx</code> and{' '}
          <code>onnx/text_model.onnx</code>; teachers are folders in the diffusers layout with ONNX files, as Optimum exports them.
        </p>
        <p>
          Either can come from the Hugging Face hub by name: <code>owner/name</code>, <code>owner/name@revision</code> or the address of its page. The card says first what that downloads; only the
          files that the model needs are fetched, once. They stay in this browser, also without a connection, until you remove them in the card; a download that breaks off goes on where it did.
        </p>
        <h3>Turning WebGPU on</h3>
        <p>
          Chrome and Edge have it from version 113 on Windows, macOS and ChromeOS. Look at <code>chrome://gpu</code>: if WebGPU is listed as disabled, switch on hardware
          acceleration in the settings under System and start the browser again. On Linux, open <code>chrome://flags/#enable-unsafe-webgpu</code> and enable it. Without WebGPU everything works on
          WASM, more slowly.
        </p>
      </div>
    </Modal>
  );
}
