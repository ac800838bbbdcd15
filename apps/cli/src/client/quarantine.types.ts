/** JSON as REST sends it. */
export interface QuarantinedView {
  number: number;
  producer: string;
  position: string;
  reason: string;
  record: string;
  receivedAt: string;
  releasedAt?: string;
  outcome?: string;
  dismissedAt?: string;
}
