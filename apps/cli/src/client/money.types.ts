/** Prices and bills as the API sends them: decimals are text and stay text. */
export interface PlanVersionView {
  id: string;
  plan: string;
  version: number;
  name: string;
  currency: string;
  decimals: number;
  model: string;
  effectiveFrom: string;
  builtIn: boolean;
  createdBy?: string;
  createdAt?: string;
}

export interface PlanDocumentView {
  version: PlanVersionView;
  document: Record<string, unknown>;
}
