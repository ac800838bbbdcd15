import { testDatabase, type TestDatabase } from '#libs/testing';
import { SIZE_COLUMNS, sizeOf, type SizeRow } from './revision-size.sql.js';

let database: TestDatabase;
beforeAll(async () => {
  database = await testDatabase();
});
afterAll(() => database.drop());

const resources = { cpuMillis: 1000, memoryMiB: 512 };
const sidecars = [100, 250].map((cpuMillis) => ({ name: 'a', resources: { cpuMillis, memoryMiB: 64 } }));

it.each<[string, object | null, object]>([
  ['one container', { resources }, resources],
  ['sidecars, which count', { resources, sidecars }, { cpuMillis: 1350, memoryMiB: 640 }],
  ['none of them left', { resources, sidecars: [] }, resources],
  [
    'GPUs of the serving container',
    { resources: { ...resources, gpus: 2, gpuClass: 'l4' }, sidecars },
    { cpuMillis: 1350, memoryMiB: 640, gpus: 2, gpuClass: 'l4' },
  ],
  ['nothing known of it', null, { cpuMillis: 0, memoryMiB: 0 }],
])('a revision of %s', async (_what, spec, size) => {
  const [row] = await database.query<SizeRow>(`SELECT ${SIZE_COLUMNS} FROM (SELECT $1::jsonb AS spec) r`, [
    spec,
  ]);
  expect(row && sizeOf(row)).toEqual(size);
});
