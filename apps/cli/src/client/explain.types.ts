/** What lines of a bill are made of, as the API sends it: decimals are text and stay text. */
interface Priced {
  quantity: string;
  unit: string;
  rate: string;
  currency: string;
  amount: string;
}

export interface RequestCostView {
  id: string;
  project?: string;
  service?: string;
  revision?: string;
  start: string;
  end: string;
  ended: boolean;
  status: number;
  billable: boolean;
  notBillableReason?: string;
  billedFrom?: string;
  provisional: boolean;
  opened: string[];
  lines: (Priced & { plan: string; version: number; item: string })[];
  totals: { currency: string; amount: string }[];
  adjustments: (Adjusted & { month: string; item: string })[];
}

/** What lies between list price and what is asked for. */
export interface Adjusted {
  kind: string;
  id: string;
  amount: string;
}

export interface ExplainedLineView {
  month: string;
  plan: string;
  version: number;
  item: string;
  name: string;
  unit: string;
  currency: string;
  charges: { quantity: string; list: string; adjustments: Adjusted[]; amount: string; rounded: string }[];
  charged: string;
  fee?: {
    amount: string;
    prorated: boolean;
    held: { from: string; to: string }[];
    heldMs: string;
    monthMs: string;
    formula: string;
  };
}

export interface ExplainedWindowView extends Priced {
  id: string;
  start: string;
  project?: string;
  service?: string;
  revision?: string;
  requests: string;
  blocks: string;
  state: string;
  corrected: boolean;
}

export interface ExplainedRequestView extends Priced {
  id: string;
  request: string;
  requests: string;
  blocks: string;
  billedFrom?: string;
  opened: string[];
  /** Of time of instances. */
  stretch?: { from: string; to: string; state: string; ms: string };
}

export interface ReplayView {
  month: string;
  plan: { id: string; version: number; model: string };
  currency: string;
  windows: number;
  digest: string;
  live: string;
  equal: boolean;
  invoice?: string;
  lines: {
    plan: string;
    version: number;
    item: string;
    quantity: string;
    unit: string;
    amount: string;
    charged: string;
  }[];
  subtotal: string;
  gross: string;
  payable: string;
}
