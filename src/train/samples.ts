import type { Picture } from '../data/pictures';
import { preprocess } from '../data/processor';
import { cropResize, randomResizedCrop } from '../data/random-crop';
import type { Executor } from '../executors/executor';
import { UserError } from '../ir/errors';
import type { Tensor } from '../ir/tensor';
import type { ClipModel } from '../models/clip';
import { encodeLatents, type DiffusionModel } from '../models/diffusion';
import type { Untouched } from './distillation';
import { at, type DrawsFile } from './draws-file';
import { RandomStream } from './random';

/** Pictures by number, decoded when they are asked for. */
export interface PictureSet {
  readonly count: number;
  name(i: number): string;
  picture(i: number): Promise<Picture>;
}

/** A picture as the step graph takes it. */
export interface Sample {
  /** float32 [3,S,S] */
  readonly pixelValues: Tensor;
  /** float32 [c,h,w] */
  readonly latents: Tensor;
  /** float32 [K], with a distillation. */
  readonly told: Tensor | undefined;
}

/** How much of a crop's sides is kept: a share of the picture's area (DIVA's RandomResizedCrop). */
const CROP_SCALE = [0.9, 1] as const;

/** Samples are kept up to this many bytes, the latest used. */
const CACHE_BYTES = 256 * 2 ** 20;

/** The pictures of a run: one crop each, CLIP's pixel values and the VAE's latents of it, or what a draws file holds in their place. */
export class Samples {
  readonly failed = new Map<number, string>();
  private readonly cache = new Map<number, Sample>();
  private cachedBytes = 0;
  private vae: ReturnType<typeof encodeLatents> | undefined;

  constructor(
    private readonly parts: { readonly clip: ClipModel; readonly diffusion: DiffusionModel; readonly pictures: PictureSet; readonly seed: number; readonly frozen: Executor; readonly draws?: DrawsFile; readonly untouched?: Untouched },
    private readonly onSkipped: (name: string, reason: string) => void,
  ) {}

  get count(): number {
    return this.parts.draws?.sizes.pictures ?? this.parts.pictures.count;
  }

  /** The first of the candidates that can be decoded; the others are reported once and left out from then on. */
  async first(candidates: Iterable<number>): Promise<{ readonly index: number; readonly sample: Sample }> {
    for (const index of candidates) {
      const known = this.failed.has(index) ? undefined : (this.cached(index) ?? (await this.load(index)));
      if (known) return { index, sample: known };
    }
    throw new UserError(`None of the ${this.count} pictures can be decoded`, [...this.failed.values()][0] ?? '', 'Choose a folder with JPEG, PNG or WebP pictures');
  }

  /** The crop of a picture; undefined where a draws file holds no picture. */
  async crop(index: number): Promise<Picture | undefined> {
    const { draws, pictures, diffusion, seed } = this.parts;
    const images = draws?.tensors.get('images');
    if (images) {
      const { shape, data } = at(images, index);
      return { height: shape[0]!, width: shape[1]!, data: data as Uint8Array };
    }
    if (index >= pictures.count) return undefined;
    const picture = await pictures.picture(index);
    const stream = new RandomStream(seed, 'crops', { step: index });
    return cropResize(picture, randomResizedCrop(picture.width, picture.height, () => stream.uniform(), CROP_SCALE), diffusion.imageSize);
  }

  async dispose(): Promise<void> {
    if (this.vae) await (await this.vae).dispose();
    await this.parts.untouched?.dispose();
  }

  private cached(index: number): Sample | undefined {
    const sample = this.cache.get(index);
    if (!sample) return undefined;
    this.cache.delete(index);
    this.cache.set(index, sample);
    return sample;
  }

  private async load(index: number): Promise<Sample | undefined> {
    const { draws } = this.parts;
    const [pixels, latents] = ['pixel_values', 'latents'].map((key) => draws?.tensors.get(key));
    if (pixels && latents) return this.sample(at(pixels, index), at(latents, index));
    const crop = await this.decoded(index);
    if (!crop) return undefined;
    const sample = await this.sample(pixels ? at(pixels, index) : preprocess(crop, this.parts.clip.processor), latents ? at(latents, index) : await this.encode(crop));
    this.keep(index, sample);
    return sample;
  }

  private async sample(pixelValues: Tensor, latents: Tensor): Promise<Sample> {
    return { pixelValues, latents, told: await this.parts.untouched?.told(pixelValues) };
  }

  /** A picture that cannot be decoded does not end a run. */
  private async decoded(index: number): Promise<Picture | undefined> {
    try {
      const crop = await this.crop(index);
      if (crop) return crop;
      throw new UserError(`The draws file speaks of picture ${index}, which neither it nor the folder holds`, this.parts.draws?.file ?? '', 'Give the pictures that the draws were recorded with');
    } catch (error) {
      const reason = error instanceof UserError ? error.what : String(error);
      this.failed.set(index, reason);
      this.onSkipped(index < this.parts.pictures.count ? this.parts.pictures.name(index) : `picture ${index}`, reason);
      return undefined;
    }
  }

  /** One picture at a time, so that its latents do not depend on its neighbours. */
  private async encode(crop: Picture): Promise<Tensor> {
    const { diffusion, frozen } = this.parts;
    this.vae ??= encodeLatents(diffusion, frozen, 1);
    return at(await (await this.vae).run(signedPixels(crop)), 0);
  }

  private keep(index: number, sample: Sample): void {
    this.cache.set(index, sample);
    this.cachedBytes += bytesOfSample(sample);
    for (const [oldest, dropped] of this.cache) {
      if (this.cachedBytes <= CACHE_BYTES) return;
      this.cache.delete(oldest);
      this.cachedBytes -= bytesOfSample(dropped);
    }
  }
}

function bytesOfSample({ pixelValues, latents }: Sample): number {
  return pixelValues.data.byteLength + latents.data.byteLength;
}

/** u8 / 127.5 - 1 as [1,3,H,W]. */
function signedPixels({ width, height, data }: Picture): Tensor {
  const plane = width * height;
  const values = new Float32Array(3 * plane);
  for (let i = 0; i < plane; i++) for (let c = 0; c < 3; c++) values[c * plane + i] = data[i * 3 + c]! / 127.5 - 1;
  return { dtype: 'float32', shape: [1, 3, height, width], data: values };
}
