/** Organizations as the API sends them. */
export interface OrganizationView {
  id: string;
  name: string;
  status: string;
  statusReason?: string;
  holdUntil?: string;
  gpuQuota?: number;
  createdAt?: string;
}

export interface ErasureView {
  organization: string;
  requestedBy: string;
  reason?: string;
  steps: { name: string; status: string; message: string }[];
  stores: { store: string; erased: number; held: number }[];
  startedAt: string;
  finishedAt?: string;
}

export interface GrantView {
  id: string;
  organization: string;
  keyId: string;
  operator: string;
  role: string;
  reason: string;
  createdAt: string;
  expiresAt: string;
  endedAt?: string;
}
