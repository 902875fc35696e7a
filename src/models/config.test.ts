import { describe, expect, it } from 'vitest';
import { UserError } from '../ir/errors';
import { parseClipConfig, parseSchedulerConfig, parseVisionConfig } from './config';

const scheduler = (config: object): ReturnType<typeof parseSchedulerConfig> => parseSchedulerConfig(JSON.stringify(config), 'scheduler_config.json');
const clip = (config: object): ReturnType<typeof parseClipConfig> => parseClipConfig(JSON.stringify({ model_type: 'clip', vision_config: {}, text_config: {}, ...config }), 'config.json');

describe('parseSchedulerConfig', () => {
  // numpy in float64, by diffusers' formulas
  it.each([
    ['scaled_linear', { beta_start: 0.00085, beta_end: 0.012 }, [0.99915, 0.27766965045646763, 0.004660098513077238]],
    ['linear', {}, [0.9999, 0.07858724288177824, 4.035829765375676e-5]],
    ['squaredcos_cap_v2', {}, [0.999958715775178, 0.4938435904406382, 2.4287669070348567e-9]],
  ])('%s', (schedule, betas, expected) => {
    const { alphasCumprod, trainTimesteps } = scheduler({ beta_schedule: schedule, ...betas });
    expect(trainTimesteps).toBe(1000);
    [0, 499, 999].forEach((t, i) => expect(alphasCumprod[t]! / expected[i]!).toBeCloseTo(1, 9));
  });

  it('takes trained betas and the kind of prediction', () => {
    expect(scheduler({ trained_betas: [0.5, 0.5], prediction_type: 'v_prediction' })).toEqual({ alphasCumprod: Float64Array.of(0.5, 0.25), predictionType: 'v_prediction', trainTimesteps: 2 });
  });

  it('refuses what would train towards something else', () => {
    expect(() => scheduler({ prediction_type: 'sample' })).toThrow(/prediction_type.*sample/);
    expect(() => scheduler({ rescale_betas_zero_snr: true })).toThrow(/rescale_betas_zero_snr/);
  });
});

describe('parseClipConfig', () => {
  it('fills in what transformers fills in', () => {
    const { vision, text } = clip({});
    expect(vision).toMatchObject({ hiddenSize: 768, imageSize: 224, patchSize: 32, embeddingSize: 512 });
    expect(text).toMatchObject({ hiddenSize: 512, vocabSize: 49408, contextLength: 77 });
    expect(parseClipConfig('{"model_type":"siglip","vision_config":{},"text_config":{}}', 'config.json').text.contextLength).toBe(64);
  });

  it('takes the embedding\'s width from the whole model where the tower is silent', () => {
    expect(clip({ projection_dim: 640 }).vision.embeddingSize).toBe(640);
  });

  it('names the key of a tower by its path', () => {
    expect(() => clip({ vision_config: { hidden_size: 30, num_attention_heads: 4 } })).toThrow(UserError);
    expect(() => clip({ vision_config: { hidden_size: 30, num_attention_heads: 4 } })).toThrow(/vision_config\.num_attention_heads/);
  });
});

describe('parseVisionConfig', () => {
  it('reads a vision tower\'s own config', () => {
    expect(parseVisionConfig('{"model_type":"clip_vision_model","hidden_size":32,"num_attention_heads":4,"projection_dim":16}', 'config.json')).toMatchObject({ modelType: 'clip', hiddenSize: 32, embeddingSize: 16 });
  });
});
