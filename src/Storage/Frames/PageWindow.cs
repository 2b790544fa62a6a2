using System.Buffers;
using System.Runtime.InteropServices;
using KVCluster.Inference.Kv;

namespace KVCluster.Storage.Frames;

/// <summary>
/// Pages of a store as host memory, for the time of one frame: in place where the store allows it, else in a copy that goes back with
/// <see cref="Commit"/>.
/// </summary>
internal abstract class PageWindow : IDisposable
{
    /// <summary>
    /// A window on the pages that hold slots [starts, ends) of the heads from <paramref name="firstHead"/> on. What they hold at the moment
    /// is in it where <paramref name="read"/>; else only of pages that begin before the slots do.
    /// </summary>
    public static PageWindow Open(KvCache cache, int firstHead, ReadOnlySpan<int> starts, ReadOnlySpan<int> ends, bool read) =>
        cache.Pool.Store is IHostPages host ? new InPlace(host) : new Staged(cache, firstHead, starts, ends, read);

    /// <summary>The bytes of a page.</summary>
    public abstract Memory<byte> Page(int page);

    /// <summary>Makes what was written part of the store.</summary>
    public abstract void Commit();

    public abstract void Dispose();

    private sealed class InPlace(IHostPages pages) : PageWindow
    {
        public override Memory<byte> Page(int page) => pages.PageMemory(page);

        public override void Commit()
        {
        }

        public override void Dispose()
        {
        }
    }

    private sealed class Staged : PageWindow
    {
        private readonly IKvPageStore _store;
        private readonly List<int> _pages = [];
        private readonly Dictionary<int, int> _places = [];
        private readonly byte[] _buffer;

        public Staged(KvCache cache, int firstHead, ReadOnlySpan<int> starts, ReadOnlySpan<int> ends, bool read)
        {
            _store = cache.Pool.Store;
            KvGeometry geometry = cache.Geometry;
            var begun = new List<int>();
            for (int i = 0; i < starts.Length; i++)
            {
                (int layer, int head) = Math.DivRem(firstHead + i, geometry.KvHeads);
                int end = Math.Min(ends[i], cache.Length(layer, head));
                Add(cache.KeyPages(layer, head), starts[i], end, geometry.PageTokens, begun);
                Add(cache.ValuePages(layer, head), starts[i], end, geometry.PageTokens, begun);
                if (!cache.BiasPages(layer, head).IsEmpty)
                {
                    Add(cache.BiasPages(layer, head), starts[i], end, geometry.BiasSlots, begun);
                }
            }

            _buffer = ArrayPool<byte>.Shared.Rent(checked(_pages.Count * geometry.PageBytes));
            if (read)
            {
                _store.ExportPages(CollectionsMarshal.AsSpan(_pages), Filled);
                return;
            }

            ReadBegun(begun);
        }

        private Span<byte> Filled => _buffer.AsSpan(0, _pages.Count * _store.Geometry.PageBytes);

        public override Memory<byte> Page(int page) =>
            _buffer.AsMemory(_places[page] * _store.Geometry.PageBytes, _store.Geometry.PageBytes);

        public override void Commit() => _store.ImportPages(CollectionsMarshal.AsSpan(_pages), Filled);

        public override void Dispose() => ArrayPool<byte>.Shared.Return(_buffer);

        // In one call: on a device each waits for the step that runs there.
        private void ReadBegun(List<int> pages)
        {
            if (pages.Count == 0)
            {
                return;
            }

            int each = _store.Geometry.PageBytes;
            byte[] read = ArrayPool<byte>.Shared.Rent(pages.Count * each);
            try
            {
                _store.ExportPages(CollectionsMarshal.AsSpan(pages), read.AsSpan(0, pages.Count * each));
                for (int i = 0; i < pages.Count; i++)
                {
                    read.AsMemory(i * each, each).CopyTo(Page(pages[i]));
                }
            }
            finally
            {
                ArrayPool<byte>.Shared.Return(read);
            }
        }

        private void Add(ReadOnlySpan<int> pages, int start, int end, int slots, List<int> begun)
        {
            if (start >= end)
            {
                return;
            }

            if (start % slots != 0)
            {
                begun.Add(pages[start / slots]);
            }

            for (int i = start / slots; i <= (end - 1) / slots; i++)
            {
                _places.Add(pages[i], _pages.Count);
                _pages.Add(pages[i]);
            }
        }
    }
}
