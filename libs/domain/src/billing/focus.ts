import { HOUR_MS, monthSpan } from '../month.js';
import { formatDecimal, parseDecimal, sum } from '../price/decimal.js';
import { compareRatios, formatRatio, fraction, parseRatio, times, total } from '../price/ratio.js';
import { csvOf } from './invoice.csv.js';
import type { InvoiceCorrection } from './correction.js';
import type { Invoice, InvoiceLine } from './invoice.js';

/** Columns of FOCUS 1.2 that are written, in the order of their names. */
export const FOCUS_COLUMNS = [
  ...['BilledCost', 'BillingAccountId', 'BillingAccountName', 'BillingAccountType', 'BillingCurrency'],
  ...['BillingPeriodEnd', 'BillingPeriodStart', 'ChargeCategory', 'ChargeClass', 'ChargeDescription'],
  ...['ChargeFrequency', 'ChargePeriodEnd', 'ChargePeriodStart', 'ConsumedQuantity', 'ConsumedUnit'],
  ...['ContractedCost', 'ContractedUnitPrice', 'EffectiveCost', 'InvoiceId', 'InvoiceIssuerName'],
  ...['ListCost', 'ListUnitPrice', 'PricingCategory', 'PricingQuantity', 'PricingUnit', 'ProviderName'],
  ...['PublisherName', 'RegionId', 'RegionName', 'ServiceCategory', 'ServiceName', 'ServiceSubcategory'],
  ...['SkuId', 'SkuMeter', 'SkuPriceDetails', 'SkuPriceId'],
] as const;

export type FocusColumn = (typeof FOCUS_COLUMNS)[number];

/** One row; a column that is null in FOCUS is absent. A charge is of a month wherever it was used, so its region is. */
export type FocusRow = Partial<Record<FocusColumn, string>>;

/** Who sells where the installation does not say. */
const SELLER = 'Towpath';

/** An invoice or credit note as rows of FOCUS 1.2: usage, fees, corrections, rounding, adjustments, taxes, credits. */
export function focusRows(invoice: Invoice): FocusRow[] {
  const rows = [
    ...invoice.lines.flatMap((line) => [lineRow(invoice, line), ...roundingRow(invoice, line)]),
    ...invoice.corrections.map((line) => ({
      ...baseOf(invoice, 'Usage', line.charged, `Correction of ${line.month}: ${line.name}`),
      ...sku(line),
      ...periodOf(line),
      ChargeClass: 'Correction',
      ChargeFrequency: 'Usage-Based',
    })),
    ...(invoice.adjustments ?? []).map(({ id, charged }) => ({
      ...baseOf(invoice, 'Adjustment', charged, `Adjustment ${id}`),
      ChargeFrequency: 'One-Time',
    })),
    ...invoice.taxes.map(({ name, percent, amount }) => ({
      ...baseOf(invoice, 'Tax', amount, `${name} ${percent} %`),
      ChargeFrequency: 'Recurring',
    })),
    ...invoice.credits.map(({ id, amount }) => ({
      ...baseOf(invoice, 'Credit', negated(amount), `Credit ${id}`),
      ChargeFrequency: 'One-Time',
    })),
  ];
  // a credit note corrects a billing period that is invoiced
  return invoice.kind === 'invoice' ? rows : rows.map((row) => ({ ...row, ChargeClass: 'Correction' }));
}

/** The rows as CSV under a head. */
export function focusCsv(invoices: readonly Invoice[]): string {
  return csvOf(FOCUS_COLUMNS, invoices.flatMap(focusRows));
}

function lineRow(invoice: Invoice, line: InvoiceLine): FocusRow {
  const isFee = line.unit === 'month';
  const amount = decimal(line.amount);
  const unitPrice = unitPriceOf(line);
  return {
    ...baseOf(invoice, isFee ? 'Purchase' : 'Usage', amount, line.name),
    ...sku(line),
    ListCost: decimal(line.list),
    ChargeFrequency: isFee ? 'Recurring' : 'Usage-Based',
    // grants, tiers and discounts are agreed upon before; nothing here is priced by the hour's demand
    PricingCategory: 'Standard',
    PricingQuantity: decimal(line.quantity),
    PricingUnit: line.unit,
    ListUnitPrice: unitPrice,
    ContractedUnitPrice: unitPrice,
    ContractedCost: decimal(line.list),
    ...(isFee ? {} : { ConsumedQuantity: decimal(line.quantity), ConsumedUnit: line.unit }),
  };
}

/** What one unit costs at list price on average: in zones and classes with a multiplier that is not the plan's rate. */
function unitPriceOf({ rate, quantity, list }: InvoiceLine): string {
  const [units, cost] = [parseRatio(quantity), parseRatio(list)];
  const byRate = times(units, parseRatio(rate));
  if (units.top === 0n || compareRatios(byRate, cost) === 0) return rate;
  return decimal(
    formatRatio(fraction(magnitude(cost.top) * units.bottom, cost.bottom * magnitude(units.top))),
  );
}

const magnitude = (value: bigint): bigint => (value < 0n ? -value : value);

/** What the one rounding of a line added or took; with it the rows sum to what is payable. */
function roundingRow(invoice: Invoice, { amount, charged, name }: InvoiceLine): FocusRow[] {
  const exact = decimal(amount);
  const difference = minus(charged, exact);
  if (parseDecimal(difference).units === 0n) return [];
  const row = baseOf(invoice, 'Adjustment', difference, `Rounding of ${name}`);
  return [{ ...row, ChargeFrequency: 'One-Time' }];
}

function baseOf(invoice: Invoice, category: string, cost: string, description: string): FocusRow {
  // provider, publisher and issuer are one here
  const { organization, currency, month, number, seller = SELLER } = invoice;
  const { BillingPeriodStart, BillingPeriodEnd } = billingPeriod(month);
  return {
    BilledCost: cost,
    EffectiveCost: cost,
    ListCost: cost,
    ContractedCost: cost,
    BillingAccountId: organization,
    BillingAccountName: organization,
    BillingAccountType: 'Organization',
    BillingCurrency: currency,
    ...{ BillingPeriodStart, BillingPeriodEnd },
    ChargePeriodStart: BillingPeriodStart,
    ChargePeriodEnd: BillingPeriodEnd,
    ChargeCategory: category,
    ChargeDescription: description,
    InvoiceId: number,
    InvoiceIssuerName: seller,
    ProviderName: seller,
    PublisherName: seller,
    ServiceCategory: 'Compute',
    ServiceName: 'Serverless containers',
    ServiceSubcategory: 'Serverless Compute',
  };
}

function sku({
  plan,
  version,
  item,
  name,
}: Pick<InvoiceLine, 'plan' | 'version' | 'item' | 'name'>): FocusRow {
  return {
    ...{ SkuId: `${plan}/${item}`, SkuMeter: name, SkuPriceId: `${plan}/${version}/${item}` },
    SkuPriceDetails: JSON.stringify({ Plan: plan, PlanVersion: version }),
  };
}

/** From the first to the last of the hours that are corrected; the month where they are not known. */
function periodOf({ month, hours = [] }: InvoiceCorrection): FocusRow {
  const [first, last] = [hours[0], hours.at(-1)];
  const { BillingPeriodStart: start, BillingPeriodEnd: end } = billingPeriod(month);
  if (first === undefined || last === undefined) return { ChargePeriodStart: start, ChargePeriodEnd: end };
  return {
    ChargePeriodStart: second(Date.parse(first)),
    ChargePeriodEnd: second(Date.parse(last) + HOUR_MS),
  };
}

function billingPeriod(month: string): { BillingPeriodStart: string; BillingPeriodEnd: string } {
  const { startMs, endMs } = monthSpan(month);
  return { BillingPeriodStart: second(startMs), BillingPeriodEnd: second(endMs) };
}

function second(ms: number): string {
  return new Date(ms).toISOString().replace('.000Z', 'Z');
}

/** FOCUS has no fractions: one that does not end as a decimal is cut at 20 places; its rounding row carries the rest. */
function decimal(exact: string): string {
  return exact.includes('/') ? formatDecimal(cut(exact)) : exact;
}

const PLACES = 20;

function cut(exact: string): { units: bigint; scale: number } {
  const { top, bottom } = parseRatio(exact);
  return { units: (top * 10n ** BigInt(PLACES)) / bottom, scale: PLACES };
}

function minus(a: string, b: string): string {
  return formatRatio(total([parseRatio(a), parseRatio(negated(b))]));
}

function negated(text: string): string {
  const value = parseDecimal(text);
  return formatDecimal(sum([{ ...value, units: -value.units }]), value.scale);
}
