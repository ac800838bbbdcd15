/** What of a process works now. A process is healthy when all its named parts are. */
export class Health {
  private readonly parts = new Map<string, { ok: boolean; message: string }>();

  /** `message` is one sentence for an operator, without secrets. */
  set(part: string, ok: boolean, message = ''): void {
    this.parts.set(part, { ok, message });
  }

  report(): { ok: boolean; parts: Record<string, { ok: boolean; message: string }> } {
    const parts = Object.fromEntries(this.parts);
    return { ok: Object.values(parts).every((part) => part.ok), parts };
  }
}
