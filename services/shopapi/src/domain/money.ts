/** An amount in minor units (cents) of an ISO 4217 currency. */
export interface Money {
  amount: number;
  currency: string;
}

/** The sum; undefined for nothing or for mixed currencies, which no sum can express. */
export function sum(amounts: readonly Money[]): Money | undefined {
  const [first] = amounts;
  if (!first || amounts.some(({ currency }) => currency !== first.currency)) {
    return undefined;
  }
  return { amount: amounts.reduce((total, { amount }) => total + amount, 0), currency: first.currency };
}

export const times = (money: Money, quantity: number): Money => ({ ...money, amount: money.amount * quantity });
