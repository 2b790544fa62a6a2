// Tokens kept per (layer, head) over the conversation: rows are heads, columns positions, darker keeps more.

import { svg } from './dom.js';
import { count, percent } from './format.js';

export const levels = 5;

// The level of a share of 0 to 255: 0 nothing, 5 everything.
export function levelOf(share) {
  return share === 0 ? 0 : share === 255 ? levels : 1 + Math.min(levels - 2, Math.floor((share * (levels - 1)) / 255));
}

export function decode(base64) {
  return Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
}

export function heatMap(kept, pick) {
  const cells = decode(kept.cells);
  const rows = kept.layers * kept.kv_heads;
  const cell = { width: 1024 / kept.columns, height: Math.max(3, Math.min(14, 420 / rows)) };
  const gap = rows > 64 ? 0 : 1;
  const left = 34;
  const bottom = 22;
  const height = rows * cell.height;
  const paths = Array.from({ length: levels + 1 }, () => []);
  for (let row = 0; row < rows; row++) {
    // Neighbours of one level are one piece: a long conversation is a few hundred pieces, not a hundred thousand.
    for (let from = 0; from < kept.columns; ) {
      const level = levelOf(cells[row * kept.columns + from]);
      let until = from + 1;
      while (until < kept.columns && levelOf(cells[row * kept.columns + until]) === level) {
        until++;
      }
      paths[level].push(`M${(left + from * cell.width).toFixed(1)} ${row * cell.height}h${((until - from) * cell.width).toFixed(1)}v${cell.height - gap}h-${((until - from) * cell.width).toFixed(1)}z`);
      from = until;
    }
  }
  const shares = kept.kept_per_row.map((slots) => slots / kept.positions);
  const root = svg('svg', {
    viewBox: `0 0 ${left + 1024} ${height + bottom}`,
    class: 'heat',
    role: 'img',
    'aria-label': `${percent(shares.reduce((sum, share) => sum + share, 0) / rows)} of ${count(kept.positions)} tokens kept on average over ${kept.layers} layers of ${kept.kv_heads} heads; the least ${percent(Math.min(...shares))}, the most ${percent(Math.max(...shares))}. The table below says it layer by layer.`,
  });
  paths.forEach((pieces, level) => root.append(svg('path', { class: `heat-${level}`, d: pieces.join('') })));
  for (let layer = 0; layer < kept.layers; layer++) {
    if (kept.layers <= 16 || layer % 4 === 0) {
      root.append(svg('text', { class: 'tick', x: left - 6, y: (layer + 0.5) * kept.kv_heads * cell.height + 4, 'text-anchor': 'end' }, `L${layer}`));
    }
  }
  for (const share of [0, 0.25, 0.5, 0.75, 1]) {
    root.append(svg('text', { class: 'tick', x: left + 1024 * share, y: height + 16, 'text-anchor': share === 0 ? 'start' : share === 1 ? 'end' : 'middle' }, share === 0 ? 'token 0' : count(kept.positions * share)));
  }
  root.addEventListener('click', (event) => {
    const box = root.getBoundingClientRect();
    const at = ((event.clientX - box.left) / box.width) * (left + 1024) - left;
    pick(Math.max(0, Math.min(kept.positions - 1, Math.floor((at / 1024) * kept.positions))));
  });
  return root;
}
