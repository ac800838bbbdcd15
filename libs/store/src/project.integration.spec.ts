import type { Project } from '#libs/domain';
import { testDatabase, type TestDatabase } from '#libs/testing';
import { insertOrganization } from './organization.store.js';
import { insertProject } from './project.store.js';

const ORGANIZATION = 'org_00000000000000000001';

let database: TestDatabase;
let made = 0;

beforeAll(async () => {
  database = await testDatabase();
  await database.db.asSystem((tx) =>
    insertOrganization(tx, { id: ORGANIZATION, name: 'o', createdAt: Date.now() }),
  );
});
afterAll(() => database.drop());

function make(handle: string, others?: string[]): Promise<Project> {
  made += 1;
  const id: Project['id'] = `prj_${String(made).padStart(20, '0')}`;
  return database.db.inTenant(ORGANIZATION, (tx) =>
    insertProject(
      tx,
      { id, organizationId: ORGANIZATION, name: `p-${made}`, handle, createdAt: Date.now() },
      others,
    ),
  );
}

describe('a handle that was ever taken', () => {
  beforeAll(() => make('taken'));

  it('is refused', async () => {
    await expect(make('taken')).rejects.toMatchObject({ code: 'ALREADY_EXISTS' });
  });

  it('gives way to the first of the others that is free, which is kept', async () => {
    expect(await make('taken', ['taken', 'free', 'unused'])).toMatchObject({ handle: 'free' });
    await expect(make('free')).rejects.toMatchObject({ code: 'ALREADY_EXISTS' });
    expect(await make('unused')).toMatchObject({ handle: 'unused' });
  });
});
