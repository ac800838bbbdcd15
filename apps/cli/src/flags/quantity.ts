import { usageError } from '../exit.js';

const MIB = 1024 ** 2;
const MEMORY_UNITS: Readonly<Record<string, number>> = {
  Ki: 1024,
  Mi: MIB,
  Gi: 1024 ** 3,
  k: 1000,
  M: 1000 ** 2,
  G: 1000 ** 3,
};
const SECONDS: Readonly<Record<string, number>> = { '': 1, s: 1, m: 60, h: 3600, d: 86_400 };

/** `512Mi`, `1Gi`, `1.5Gi`, `512M`: whole MiB, rounded up. */
export const memoryMiB = (text: string): number => sizeMiB(text, '--memory');

/** The same, for a flag of that name. */
export function sizeMiB(text: string, flag: string): number {
  const [, digits, unit] = /^(\d+(?:\.\d+)?)(Ki|Mi|Gi|k|M|G)$/.exec(text) ?? [];
  const factor = MEMORY_UNITS[unit ?? ''];
  if (digits === undefined || factor === undefined) {
    throw usageError(`${flag}: "${text}" is not a size.`, 'Write it with its unit, as in 512Mi or 2Gi.');
  }
  return Math.ceil((Number(digits) * factor) / MIB);
}

/** `1`, `0.5`, `500m`: thousandths of a CPU. */
export function cpuMillis(text: string): number {
  const millis = /^(\d+)m$/.exec(text)?.[1];
  if (millis !== undefined) return Number(millis);
  const [, whole, fraction] = /^(\d+)(?:\.(\d{1,3}))?$/.exec(text) ?? [];
  if (whole === undefined)
    throw usageError(`--cpu: "${text}" is not a number of CPUs.`, 'Write 1, 0.5 or 500m.');
  return Number(whole) * 1000 + Number((fraction ?? '').padEnd(3, '0'));
}

/** `300`, `300s`, `5m`, `1h`, `2d`: whole seconds. */
export function durationSeconds(flag: string): (text: string) => number {
  return (text) => {
    const [, digits, unit] = /^(\d+)([smhd]?)$/.exec(text) ?? [];
    if (digits === undefined)
      throw usageError(`${flag}: "${text}" is not a time.`, 'Write 300, 300s, 5m or 1h.');
    return Number(digits) * (SECONDS[unit ?? ''] ?? 1);
  };
}

/** A whole number that is not negative. */
export function wholeNumber(flag: string): (text: string) => number {
  return (text) => {
    if (!/^\d{1,9}$/.test(text)) throw usageError(`${flag}: "${text}" is not a whole number.`);
    return Number(text);
  };
}
