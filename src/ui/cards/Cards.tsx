import type { ReactElement } from 'react';
import { formatBytes, formatCount, plural } from '../../state/format';
import { recipeSummary } from '../../state/plan';
import type { Slot } from '../../state/page';
import { usePage } from '../../state/store';
import { Picture } from '../compare/Picture';
import { Card } from './Card';
import styles from './Card.module.css';
import { Facts } from './Facts';
import { HubPicker } from './HubPicker';
import { RecipeForm } from './RecipeForm';
import { SkippedList } from './SkippedList';
import { SourcePicker } from './SourcePicker';

function summaryOf<T>(slot: Slot<T>, describe: (info: T) => string): string {
  if (slot.reading !== undefined) return slot.progress ? `downloading ${slot.reading}` : `reading ${slot.reading}…`;
  return slot.info === undefined ? 'nothing chosen' : describe(slot.info);
}

function detailOf<T>(slot: Slot<T>, describe: (info: T) => string): string | undefined {
  if (slot.progress) return `· ${Math.floor((100 * slot.progress.done) / Math.max(1, slot.progress.total))} %`;
  return slot.reading === undefined && slot.info !== undefined ? `· ${describe(slot.info)}` : undefined;
}

const FAMILIES = { openai: 'CLIP (OpenAI)', metaclip: 'MetaCLIP or DFN', siglip: 'SigLIP' } as const;

function EyesCard(): ReactElement {
  const slot = usePage((state) => state.slots.clip);
  return (
    <Card number={1} name="Eyes" kind="clip" summary={summaryOf(slot, (info) => info.name)} detail={detailOf(slot, (info) => formatCount(info.parameters))}>
      <p className="small muted">The CLIP model whose vision encoder is tuned.</p>
      <SourcePicker kind="clip" label="CLIP model" usually="files" />
      <HubPicker kind="clip" />
      {slot.info && (
        <Facts facts={[['Family', FAMILIES[slot.info.family]], ['Parameters', formatCount(slot.info.parameters)], ['Pictures at', `${slot.info.imageSize} × ${slot.info.imageSize}`], ['Size', formatBytes(slot.info.bytes)]]} />
      )}
    </Card>
  );
}

function TeacherCard(): ReactElement {
  const slot = usePage((state) => state.slots.diffusion);
  return (
    <Card number={2} name="Teacher" kind="diffusion" summary={summaryOf(slot, (info) => info.name)} detail={detailOf(slot, (info) => formatCount(info.parameters))}>
      <p className="small muted">The diffusion model that must recognise the picture from what the eyes tell it.</p>
      <SourcePicker kind="diffusion" label="Diffusion model" usually="files" />
      <HubPicker kind="diffusion" />
      {slot.info && (
        <Facts facts={[['Parameters', formatCount(slot.info.parameters)], ['Context width', String(slot.info.contextWidth)], ['Pictures at', `${slot.info.imageSize} × ${slot.info.imageSize}`], ['Size', formatBytes(slot.info.bytes)]]} />
      )}
    </Card>
  );
}

function PicturesCard(): ReactElement {
  const slot = usePage((state) => state.slots.pictures);
  const skipped = slot.info?.skipped ?? [];
  return (
    <Card number={3} name="Pictures" kind="pictures" summary={summaryOf(slot, (info) => info.name)} detail={detailOf(slot, (info) => `${formatCount(info.count)}${info.skipped.length ? `, ${info.skipped.length} skipped` : ''}`)}>
      <p className="small muted">What it learns from. Captions are not needed.</p>
      <SourcePicker kind="pictures" label="Pictures" usually="folder" />
      {slot.info && <p className="small">{plural(slot.info.count, 'picture')} to learn from.</p>}
      {slot.info && slot.info.samples.length > 0 && <div className={styles.samples}>{slot.info.samples.map((sample, i) => <Picture key={i} blob={sample} alt="" />)}</div>}
      <SkippedList skipped={skipped} />
    </Card>
  );
}

function RecipeCard(): ReactElement {
  const settings = usePage((state) => state.settings);
  return (
    <Card number={4} name="Recipe" summary={recipeSummary(settings)}>
      <RecipeForm />
    </Card>
  );
}

export function Cards(): ReactElement {
  return (
    <>
      <EyesCard />
      <TeacherCard />
      <PicturesCard />
      <RecipeCard />
    </>
  );
}
