// The data: three shops send a file a day. On the fourth day one sends corrections of the second day's orders; on the
// sixth nobody sends anything. Amounts are whole cents.
const SHOPS = ['berlin', 'lisbon', 'oslo'];
const ORDERS_A_FILE = 2_000;
const LATE = { day: 3, of: 1, orders: 150 };
const CLOSED = 5;
const HEADER = 'order,day,shop,quantity,cents\n';

/** What comes in on a day, from 0. The same each time. */
export function filesOf(day) {
  if (day === CLOSED) return [];
  const files = SHOPS.map((shop) => ({ path: `raw/${dateOf(day)}-${shop}.csv`, text: HEADER + ordersOf(day, shop, 1).join('\n') + '\n' }));
  if (day !== LATE.day) return files;
  const corrections = ordersOf(LATE.of, SHOPS[0], 2).slice(0, LATE.orders);
  return [...files, { path: `raw/${dateOf(day)}-${SHOPS[0]}-late.csv`, text: `${HEADER}${corrections.join('\n')}\n` }];
}

function ordersOf(day, shop, version) {
  const chance = chanceOf(day * 31 + SHOPS.indexOf(shop) * 7 + version * 1_009);
  return Array.from({ length: ORDERS_A_FILE }, (_, index) => `${day}-${shop}-${index},${dateOf(day)},${shop},${1 + Math.floor(chance() * 5)},${100 + Math.floor(chance() * 9_900)}`);
}

function dateOf(day) {
  return new Date(Date.UTC(2026, 2, 2 + day)).toISOString().slice(0, 10);
}

/** Numbers from 0 to 1 (mulberry32). */
function chanceOf(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** The result from all files at once, in the order in which they came: the last word on an order counts. */
export function revenueOf(texts) {
  const orders = new Map();
  for (const line of texts.flatMap((text) => text.trimEnd().split('\n').slice(1))) {
    const [order, day, , quantity, cents] = line.split(',');
    orders.set(order, { day, amount: Number(quantity) * Number(cents) });
  }
  const byDay = new Map();
  for (const { day, amount } of orders.values()) {
    const { count, total } = byDay.get(day) ?? { count: 0, total: 0 };
    byDay.set(day, { count: count + 1, total: total + amount });
  }
  const rows = [...byDay].toSorted(([one], [other]) => (one < other ? -1 : 1)).map(([day, { count, total }]) => `${day},${count},${(total / 100).toFixed(2)}`);
  return `day,orders,revenue\n${rows.join('\n')}\n`;
}
