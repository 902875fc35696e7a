import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findFile } from '../data/files';
import { openHub } from './hub';

/** A stand-in for the hub: two pages of a listing, one file with ranges, one without, one that is cut off. */
const FILES: Readonly<Record<string, string>> = { 'config.json': '{"a":1}', 'onnx/vision model.onnx': '0123456789', 'cut.bin': 'short' };
let server: Server;
let endpoint: string;

beforeAll(async () => {
  server = createServer((request, response) => {
    const url = new URL(request.url!, endpoint);
    const list = (paths: string[]): string => JSON.stringify(paths.map((path) => ({ type: path === 'onnx' ? 'directory' : 'file', path, size: path === 'cut.bin' ? 9 : (FILES[path]?.length ?? 0) })));
    if (url.pathname === '/api/models/a/b/tree/main') {
      if (url.searchParams.has('cursor')) return response.end(list(['onnx/vision model.onnx', 'cut.bin']));
      return response.setHeader('link', `<${endpoint}${url.pathname}?recursive=true&cursor=1>; rel="next"`).end(list(['onnx', 'config.json']));
    }
    const content = FILES[decodeURIComponent(url.pathname).replace('/a/b/resolve/main/', '')];
    if (content === undefined) return response.writeHead(404).end();
    const range = /bytes=(\d+)-(\d+)/.exec(request.headers.range ?? '');
    if (!range || url.pathname.endsWith('config.json')) return response.end(content);
    return response.writeHead(206).end(content.slice(Number(range[1]), Number(range[2]) + 1));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterAll(() => server.close());

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

describe('openHub', () => {
  it('lists all pages and reads whole files and parts', async () => {
    const tree = await openHub('a/b', { endpoint });
    expect(tree.files.map(({ path }) => path)).toEqual(['config.json', 'onnx/vision model.onnx', 'cut.bin']);
    const file = findFile(tree, 'onnx/vision model.onnx')!;
    expect(text(await file.read())).toBe('0123456789');
    expect(text(await file.read(2, 5))).toBe('234');
    expect(text(await file.read(8, 99))).toBe('89');
    expect((await file.read(10)).length).toBe(0);
    expect(text(await findFile(tree, 'config.json')!.read(1, 4))).toBe('"a"');
  });

  it('names what is not there, cut off or no name', async () => {
    await expect(openHub('a/absent', { endpoint })).rejects.toThrow(/404.*a\/absent/);
    await expect(openHub('../etc', { endpoint })).rejects.toThrow(/no repository's name/);
    await expect(findFile(await openHub('a/b', { endpoint }), 'cut.bin')!.read()).rejects.toThrow(/5 bytes came instead of 9.*cut\.bin/);
    await expect(openHub('a/b', { endpoint: 'http://127.0.0.1:1' })).rejects.toThrow(/cannot be reached/);
  });
});
