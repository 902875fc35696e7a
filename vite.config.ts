import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

/**
 * Cross-origin isolation gives the page shared memory, which ONNX Runtime's threads need. Beside their own server the page and its workers can ask nobody but the Hugging Face hub and the
 * hosts that it sends its large files from.
 */
const headers = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
  'Content-Security-Policy': "connect-src 'self' blob: data: https://huggingface.co https://*.huggingface.co https://*.hf.co",
};

export default defineConfig({
  plugins: [react()],
  base: './',
  worker: { format: 'es' },
  server: { headers },
  preview: { headers, port: 4173 },
  build: { target: 'es2022', chunkSizeWarningLimit: 2000 },
  optimizeDeps: { exclude: ['onnxruntime-web'] },
});
