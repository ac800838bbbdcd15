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

export interface PlanPreviewView {
  id: string;
  name: string;
  plan: string;
  currency: string;
  before: string;
  after: string;
}

export interface MarginView {
  id: string;
  name: string;
  month: string;
  currency: string;
  clusters: {
    cluster?: string;
    name?: string;
    billedSeconds: string;
    instanceSeconds: string;
    amount: string;
    charged: string;
    cost?: string;
    unpricedGpus: string[];
    margin?: string;
  }[];
  gpus: { cluster: string; gpuClass: string; seconds: string }[];
}

export interface BuyerView {
  name: string;
  address: string[];
  country: string;
  email?: string;
  taxId?: string;
  reference?: string;
}

export interface TermsView {
  plan: string;
  discountPercent: string;
  taxes: { name: string; percent: string }[];
  effectiveFrom?: string;
  inForce: boolean;
}

export interface BillingAccountView {
  organization: string;
  currency: string;
  buyer?: BuyerView;
  terms: TermsView[];
  version: string;
}

export interface CreditView {
  id: string;
  organization: string;
  name: string;
  kind: string;
  currency: string;
  amount: string;
  left: string;
  priority: number;
  expiresAt?: string;
  createdAt: string;
  revokedAt?: string;
}

export interface AdjustmentView {
  id: string;
  amount: string;
  currency: string;
  reason?: string;
  reference?: string;
  invoice?: string;
  createdAt: string;
}

/** What an operator added or took off, on a bill or an invoice. */
export interface AdjustmentLineView {
  id: string;
  madeAt: string;
  charged: string;
}

export interface BillLineView {
  day: string;
  project: string;
  service: string;
  revision?: string;
  item: string;
  quantity: string;
  unit: string;
  rate: string;
  amount: string;
}

export interface BillView {
  month: string;
  currency: string;
  lines: BillLineView[];
  total: string;
  due: string;
  /** Absent in the answers of older hubs: these and what follows. */
  items?: { item: string; adjustments?: { kind: string; id: string; amount: string }[] }[];
  adjustments?: AdjustmentLineView[];
  corrections?: { month: string; plan: string; version: number; item: string; charged: string }[];
  taxes?: { name: string; percent: string; base: string; amount: string }[];
  credits?: { id: string; name: string; kind: string; amount: string }[];
  payable?: string;
  comparison: { perRequest: { total: string; due: string } };
}

export interface InvoiceView {
  id: string;
  number: string;
  kind: string;
  month: string;
  currency: string;
  issuedAt: string;
  dueAt: string;
  gross: string;
  payable: string;
  paid: string;
  balance: string;
  status: string;
  voids?: string;
  voidedBy?: string;
  digest: string;
}

export interface InvoiceDetailsView {
  invoice: InvoiceView;
  document: {
    lines: { plan: string; version: number; name: string; charged: string }[];
    corrections: { month: string; name: string; charged: string; hours?: string[] }[];
    adjustments?: AdjustmentLineView[];
    taxes: { name: string; percent: string; amount: string }[];
  };
  payments: { id: string; amount: string; reference?: string; receivedAt: string }[];
}
