import type { Id } from '../id.js';

/** The most an organization may spend in a UTC month: what its services would cost beyond it is refused. */
export interface Cap {
  organizationId: Id<'org'>;
  /** An exact decimal. */
  amount: string;
  currency: string;
  createdAt: number;
  version: number;
}

/** Why nothing more is let in: the cap is spent, or it cannot be kept under a plan of the month. */
export type CapReason = 'spent' | 'plan';

/** Money in units of 10^-12 of its currency: whole, so that a gateway adds up without fractions. */
export type CapMoney = bigint;

/** The most that requests of one revision cost: for each block of 100 ms of one of them, and for each of them. */
export interface CapPrice {
  block: CapMoney;
  request: CapMoney;
}

/** Where an organization stands with its cap. Amounts are exact (see formatRatio). */
export interface CapStanding {
  /** An exact decimal. */
  cap: string;
  currency: string;
  /** What the bill of this month says. */
  spent: string;
  /** What gateways may still spend and builds that run may cost, or what of that is spent and the bill does not say yet. */
  reserved: string;
  /** When the month ends (UTC ms), and with it what was spent. */
  resetsAt: number;
}

/** Why no build may begin now: the cap leaves less than one costs at most. */
export interface CappedBuild {
  standing: CapStanding;
  /** What a build costs at most; an exact decimal. */
  cost: string;
  /** What is reserved may come free again and be enough. */
  isReserved: boolean;
}
