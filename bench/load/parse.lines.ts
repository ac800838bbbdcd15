/** Reads a file's lines as JSON and does nothing with them, as a process of its own. */
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';

for await (const line of createInterface({ input: createReadStream(process.argv[2] ?? '') }))
  JSON.parse(line);
