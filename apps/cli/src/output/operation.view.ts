import type { OperationView, StepView } from '../client/wire.types.js';
import type { Progress } from './progress.js';
import { printable } from './table.js';
import { spanOf } from './time.js';

const MARKS: Readonly<Record<StepView['status'], string>> = {
  pending: ' ',
  running: '·',
  succeeded: '✓',
  failed: '✗',
};
const KEPT_LINES = 20;

/** Shows an operation while it runs: a line per change of a step, build output as it comes. */
export class OperationProgress {
  /** The last lines of build output, for the error at the end. */
  readonly lastLines: string[] = [];
  private readonly shown = new Map<string, string>();
  private ending: (() => void) | undefined;
  private waitingFor = '';

  constructor(private readonly progress: Progress) {}

  update(operation: OperationView): void {
    for (const step of operation.steps) this.step(step);
    this.waitFor(operation.steps.find((step) => step.status === 'running')?.name ?? 'the platform to begin');
  }

  log(text: string): void {
    const line = printable(text);
    this.lastLines.push(line);
    if (this.lastLines.length > KEPT_LINES) this.lastLines.shift();
    this.progress.note(`  | ${line}`);
  }

  close(): void {
    this.ending?.();
    this.ending = undefined;
  }

  private step(step: StepView): void {
    const said = `${step.status} ${step.message}`;
    if (step.status === 'pending' || this.shown.get(step.name) === said) return;
    this.shown.set(step.name, said);
    const span = step.status === 'running' ? undefined : spanOf(step.startedAt, step.finishedAt);
    const words = [step.message, span === undefined ? '' : `(${span})`]
      .filter((part) => part !== '')
      .join(' ');
    this.progress.note(`  ${MARKS[step.status]} ${step.name.padEnd(9)} ${printable(words)}`.trimEnd());
  }

  private waitFor(what: string): void {
    if (this.ending !== undefined && this.waitingFor === what) return;
    this.close();
    this.waitingFor = what;
    this.ending = this.progress.startWaiting(`waiting for ${what}`);
  }
}
