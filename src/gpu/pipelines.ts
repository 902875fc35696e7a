/** Compiled pipelines by shader text, so that equal kernels of all graphs share one. */
export class PipelineCache {
  private readonly pipelines = new Map<string, Promise<GPUComputePipeline>>();

  constructor(private readonly device: GPUDevice) {}

  get(label: string, wgsl: string): Promise<GPUComputePipeline> {
    let pipeline = this.pipelines.get(wgsl);
    if (!pipeline) this.pipelines.set(wgsl, (pipeline = this.compile(label, wgsl)));
    return pipeline;
  }

  private async compile(label: string, wgsl: string): Promise<GPUComputePipeline> {
    this.device.pushErrorScope('validation');
    const module = this.device.createShaderModule({ label, code: wgsl });
    void this.device.popErrorScope();
    try {
      return await this.device.createComputePipelineAsync({ label, layout: 'auto', compute: { module, entryPoint: 'main' } });
    } catch (error) {
      const { messages } = await module.getCompilationInfo();
      const lines = wgsl.split('\n');
      const shown = messages.map(({ lineNum, linePos, message }) => `${lineNum}:${linePos} ${message}\n    ${lines[lineNum - 1] ?? ''}`);
      throw new Error(`internal: the kernel ${label} does not compile\n${shown.join('\n') || String(error)}\n${wgsl}`, { cause: error });
    }
  }
}
