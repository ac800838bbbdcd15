/** JSON as REST sends it. */
export interface WebhookView {
  id: string;
  url: string;
  types: string[];
  createdAt: string;
  goneAt?: string;
}

export interface DeliveryView {
  id: string;
  noticeId: string;
  type: string;
  status: string;
  attempts: number;
  lastResult?: string;
  at: string;
  createdAt: string;
}
