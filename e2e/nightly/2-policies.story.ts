import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { clusterUnderTest } from '../support/kubectl.js';

const run = promisify(execFile);
const MINUTES = 55;
/** Where the cases are listed, by where each is among them. */
const README = path.join(import.meta.dirname, '../cluster/README.md');
const LIST = /^### Cases that hold$(.*?)^### /ms;

/** Of ginkgo's JSON report. */
interface Case {
  LeafNodeType: string;
  LeafNodeText: string;
  ContainerHierarchyTexts: string[] | null;
  State: string;
  RunTime: number;
  Failure?: { Message: string };
}

describe("Kubernetes' own cases of NetworkPolicy", () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'towpath-policies-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  it(
    'hold of what enforces the walls of tenants in these clusters: those that its README names',
    async () => {
      const report = path.join(folder, 'report.json');
      const args = [clusterUnderTest().name, report];
      await run('e2e/cluster/scripts/policy-cases.sh', args, { timeout: MINUTES * 60_000 });
      const [suite] = JSON.parse(readFileSync(report, 'utf8')) as { SpecReports: Case[] }[];
      const cases = (suite?.SpecReports ?? []).filter(({ LeafNodeType }) => LeafNodeType === 'It');
      for (const one of cases)
        if (one.State !== 'skipped')
          console.log(
            `${one.State} ${(one.RunTime / 1e9).toFixed(0)} s ${nameOf(one)}`,
            one.Failure?.Message ?? '',
          );
      const held = cases.filter(({ State }) => State === 'passed').map(nameOf);
      const failed = cases.filter(({ State }) => State !== 'passed' && State !== 'skipped').map(nameOf);
      expect(failed).toEqual([]);
      expect(listed()).not.toEqual([]);
      expect(listed().filter((name) => !held.includes(name))).toEqual([]);
    },
    MINUTES * 60_000,
  );
});

/** `NetworkPolicy between server and client: should …`, without the words in brackets that ginkgo chooses by. */
const nameOf = ({ ContainerHierarchyTexts, LeafNodeText }: Case): string =>
  [(ContainerHierarchyTexts ?? []).at(-1), LeafNodeText]
    .map((text = '') => text.replaceAll(/\[[^\]]*\]/g, '').trim())
    .join(': ');

function listed(): string[] {
  const lines = LIST.exec(readFileSync(README, 'utf8'))?.[1]?.split('\n') ?? [];
  let where = '';
  return lines.flatMap((line) => {
    where = /^In `(.*)`:$/.exec(line)?.[1] ?? where;
    const name = /^- (.*)$/.exec(line)?.[1];
    return name === undefined ? [] : [`${where}: ${name}`];
  });
}
