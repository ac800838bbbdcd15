/** Quantities as Kubernetes writes them back, so that what was applied can be compared with what is there. */

export function cpuQuantity(millis: number): string {
  if (millis % 1_000_000 === 0) return `${millis / 1_000_000}k`;
  return millis % 1000 === 0 ? String(millis / 1000) : `${millis}m`;
}

export function memoryQuantity(mebibytes: number): string {
  return mebibytes % 1024 === 0 ? `${mebibytes / 1024}Gi` : `${mebibytes}Mi`;
}
