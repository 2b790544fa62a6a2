// A card for each device, and one for each cold store.

import { h } from './dom.js';
import { bytes, count, counted, percent } from './format.js';
import { memoryChart } from './chart.js';

const parts = [
  { id: 'pinned', name: 'Pinned', why: 'generating, or reserved for it', of: (d) => d.pinned_bytes },
  { id: 'evictable', name: 'Evictable', why: 'idle caches', of: (d) => d.evictable_bytes },
  { id: 'free', name: 'Free', why: 'nobody holds it', of: (d) => d.free_bytes },
];

export class Memory {
  constructor(box) {
    this.box = box;
    this.cards = new Map();
  }

  draw(store) {
    const wanted = store.devices().map(({ node, device }) => [`${node}/${device.name}`, (card) => drawDevice(card, store, node, device)]);
    store.snapshot.cold.forEach((cold, i) => wanted.push([`cold ${i}`, (card) => drawCold(card, cold, store)]));
    const names = new Set(wanted.map(([name]) => name));
    for (const [name, card] of this.cards) {
      if (!names.has(name)) {
        card.remove();
        this.cards.delete(name);
      }
    }
    for (const [name, draw] of wanted) {
      let card = this.cards.get(name);
      if (!card) {
        card = h('article', { class: 'device', 'data-device': name });
        this.cards.set(name, card);
        this.box.append(card);
      }
      draw(card);
    }
  }
}

function drawDevice(card, store, node, device) {
  const name = `${node}/${device.name}`;
  const points = store.history.filter((point) => point.devices[name]).map((point) => {
    const [free, evictable, pinned] = point.devices[name];
    return { at: point.at, free, evictable, pinned };
  });
  const lines = [{ name: 'size', value: device.total_bytes, kind: 'size' }];
  if (device.pressure) {
    lines.push({ name: 'high', value: device.pressure.high_bytes, kind: 'high' }, { name: 'low', value: device.pressure.low_bytes, kind: 'low' });
    if (device.pressure.limit_bytes < device.total_bytes) {
      lines.push({ name: 'lent', value: device.pressure.limit_bytes, kind: 'limit' });
    }
  }
  const used = device.total_bytes - device.free_bytes;
  const label = `${name}: ${bytes(used)} of ${bytes(device.total_bytes)} held, ${bytes(device.pinned_bytes)} of it pinned`;
  card.replaceChildren(
    h('header', null,
      h('h3', null, name),
      state(device),
      h('span', { class: 'muted' }, `${device.kv_type}, ${counted(device.resident, 'session')}`)),
    points.length > 1 ? memoryChart(points, lines, device.total_bytes, label, card.clientWidth) : h('p', { class: 'nothing' }, 'The chart begins with the next seconds.'),
    h('ul', { class: 'legend' }, parts.map((part) => h('li', { 'data-part': part.id },
      h('i', { class: `fill-${part.id}` }), h('span', null, part.name),
      h('b', { 'data-bytes': part.of(device) }, bytes(part.of(device))), h('small', null, `${percent(part.of(device) / device.total_bytes)}, ${part.why}`)))),
    h('p', { class: 'hint' }, speeds(device)));
}

function state(device) {
  if (device.failure) {
    return h('span', { class: 'badge bad' }, `failed: ${device.failure}`);
  }
  if (device.draining) {
    return h('span', { class: 'badge warn' }, 'draining');
  }
  if (device.pressure?.pressing) {
    return h('span', { class: 'badge warn' }, 'freeing memory');
  }
  return device.waiting > 0
    ? h('span', { class: 'badge warn' }, `${counted(device.waiting, 'turn')} waiting`)
    : h('span', { class: 'badge good' }, device.running > 0 ? `${count(device.running)} generating` : 'at ease');
}

function speeds(device) {
  const known = [
    [device.prefill_tokens_per_second, 'tokens/s prefill', count],
    [device.decode_tokens_per_second, 'tokens/s decode', count],
    [device.load_bytes_per_second, '/s from the cold store', bytes],
  ].filter(([speed]) => speed > 0).map(([speed, what, format]) => (format === bytes ? `${bytes(speed)}${what}` : `${count(speed)} ${what}`));
  return known.length === 0 ? 'No speed measured yet.' : `Measured: ${known.join(', ')}.`;
}

function drawCold(card, cold, store) {
  const share = cold.budget_bytes === 0 ? 0 : cold.bytes / cold.budget_bytes;
  card.dataset.cold = 'true';
  card.replaceChildren(
    h('header', null,
      h('h3', null, `Cold store (${cold.kind})`),
      h('span', { class: share > 0.9 ? 'badge warn' : 'badge good' }, share > 0.9 ? 'nearly full' : 'room left'),
      h('span', { class: 'muted' }, `${count(cold.copies)} copies`)),
    h('div', { class: 'stack', role: 'img', 'aria-label': `${bytes(cold.bytes)} of ${bytes(cold.budget_bytes)}` },
      h('i', { class: 'fill-cold', 'width%': Math.min(100, 100 * share) })),
    h('ul', { class: 'legend' },
      h('li', { 'data-part': 'cold' }, h('i', { class: 'fill-cold' }), h('span', null, 'Cold'),
        h('b', { 'data-bytes': cold.bytes }, bytes(cold.bytes)), h('small', null, `${percent(share, 1)} of ${bytes(cold.budget_bytes)}`))),
    h('p', { class: 'hint' }, 'Copies of idle caches. When the budget is spent, the ones used longest ago make room; normal is below 90 %.'));
}
