import type { LogEntry } from '#libs/bus';
import type { Id, LogBudget, UsageRecord } from '#libs/domain';

/** Rows of the request log of one batch, by service; rows above the organization's budget are counted and told. */
export class RequestLog {
  readonly entries = new Map<Id<'svc'>, LogEntry[]>();
  dropped = 0;
  private readonly notes = new Map<Id<'svc'>, { entry: LogEntry; dropped: number }>();

  constructor(private readonly budget: LogBudget) {}

  /** Judged by the request's own end, so that lines read again fare as they did before. */
  add({ organizationId, serviceId, endMs }: UsageRecord, entry: LogEntry): void {
    if (this.budget.take(organizationId, endMs)) this.put(serviceId, entry);
    else this.drop(serviceId, entry);
  }

  private put(serviceId: Id<'svc'>, entry: LogEntry): void {
    const rows = this.entries.get(serviceId);
    if (rows) rows.push(entry);
    else this.entries.set(serviceId, [entry]);
  }

  /** One note a batch stands where the first of the dropped rows would. */
  private drop(serviceId: Id<'svc'>, { sequence, time }: LogEntry): void {
    this.dropped += 1;
    const known = this.notes.get(serviceId);
    const note = known ?? { entry: { sequence, time, stream: 'system', text: '' }, dropped: 0 };
    if (!known) {
      this.notes.set(serviceId, note);
      this.put(serviceId, note.entry);
    }
    note.dropped += 1;
    note.entry.text = this.budget.note(note.dropped);
  }
}
