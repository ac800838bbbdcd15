import { createReadStream } from 'node:fs';
import { resolve } from 'node:path';
import type { UploadView } from '../client/wire.types.js';
import { contentDigest, packSource } from '../pack/pack.js';
import type { Tow } from '../tow.js';

/** Packs a folder and sends it; resolves with the upload's id. */
export async function uploadSource(tow: Tow, folder: string): Promise<string> {
  const root = resolve(tow.io.cwd, folder);
  const packed = await tow.progress.waiting(`packing ${folder}`, () => packSource(root));
  try {
    const { digest, size, files, skipped, file } = packed;
    for (const path of skipped) tow.out.talk(`Left out ${path}: it is neither file, folder nor link.`);
    tow.out.talk(`Sending ${folder}: ${files} files, ${sizeOf(size)}, ${digest.slice(0, 19)}…`);
    const headers = {
      'content-type': 'application/gzip',
      'content-length': String(size),
      'content-digest': contentDigest(digest),
    };
    const client = await tow.client();
    const address = `${await tow.projectPath()}/uploads`;
    return (await client.upload<UploadView>(address, headers, () => createReadStream(file))).id;
  } finally {
    await packed.remove();
  }
}

/** `812 B`, `3.4 KiB`, `12.0 MiB`. */
export function sizeOf(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  if (bytes < 1024 ** 2) return `${(bytes / 1024).toFixed(1)} KiB`;
  return `${(bytes / 1024 ** 2).toFixed(1)} MiB`;
}
