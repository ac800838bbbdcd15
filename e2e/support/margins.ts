import type { Api } from './api.js';

/** What a cluster's operator earned with an organization. */
export interface ClusterMargin {
  name?: string;
  instanceSeconds: string;
  amount: string;
  charged: string;
  cost?: string;
  margin?: string;
}

interface Margins {
  items: { id: string; clusters: ClusterMargin[] }[];
  nextCursor?: string;
}

/** Of the running month, by cluster. All pages: stories run beside each other and make organizations. */
export async function marginsOf(operator: Api, organization: string): Promise<ClusterMargin[]> {
  for (let cursor = ''; ;) {
    const page = await operator.ok<Margins>('GET', `/v1/margins?limit=100${cursor}`);
    const one = page.items.find(({ id }) => id === organization);
    if (one) return one.clusters;
    if (page.nextCursor === undefined) return [];
    cursor = `&cursor=${page.nextCursor}`;
  }
}
