// A device's bytes over time: pinned and evictable stacked, the size and the watermarks as lines.

import { svg } from './dom.js';
import { bytes } from './format.js';

const width = 640;
const height = 170;
const left = 6;
const right = 92;
const top = 12;
const bottom = 22;
const minutes = 15;

// points: [{ at, pinned, evictable }], ascending; lines: [{ name, value, kind }]; most: the axis' end in bytes.
export function memoryChart(points, lines, most, label) {
  const now = points.at(-1).at;
  const span = minutes * 60000;
  const x = (at) => left + (width - left - right) * Math.max(0, 1 - (now - at) / span);
  const y = (value) => top + (height - top - bottom) * (1 - Math.min(1, value / most));
  const seen = points.filter((point) => now - point.at <= span);
  const area = (lower, upper) =>
    `M${seen.map((p) => `${x(p.at).toFixed(1)} ${y(upper(p)).toFixed(1)}`).join('L')}L${seen.toReversed().map((p) => `${x(p.at).toFixed(1)} ${y(lower(p)).toFixed(1)}`).join('L')}Z`;
  const root = svg('svg', { viewBox: `0 0 ${width} ${height}`, class: 'chart', role: 'img', 'aria-label': label });
  root.append(
    ...[0, 5, 10].map((ago) => svg('line', { class: 'grid', x1: x(now - ago * 60000), x2: x(now - ago * 60000), y1: top, y2: height - bottom })),
    svg('line', { class: 'axis', x1: left, x2: width - right, y1: y(0), y2: y(0) }),
    svg('path', { class: 'area-pinned', d: area(() => 0, (p) => p.pinned) }),
    svg('path', { class: 'area-evictable', d: area((p) => p.pinned, (p) => p.pinned + p.evictable) }),
    ...[0, 5, 10, 15].map((ago) => svg('text', { class: 'tick', x: x(now - ago * 60000), y: height - 6, 'text-anchor': ago === 0 ? 'end' : ago === 15 ? 'start' : 'middle' }, ago === 0 ? 'now' : `−${ago} min`)));
  let last = -Infinity;
  for (const line of lines.toSorted((a, b) => b.value - a.value)) {
    const at = y(line.value);
    // Labels keep a line's distance from each other, however close the values are.
    const text = Math.max(at + 4, last + 13);
    last = text;
    root.append(
      svg('line', { class: `line-${line.kind}`, x1: left, x2: width - right + 4, y1: at, y2: at }),
      svg('text', { class: 'tick', x: width - right + 8, y: text }, `${line.name} ${bytes(line.value)}`));
  }
  return root;
}
