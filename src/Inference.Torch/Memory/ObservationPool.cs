using TorchSharp;
using static TorchSharp.torch;

namespace KVCluster.Inference.Torch.Memory;

/// <summary>
/// Observed attention of all caches on the device, in pages of its own beside the arena's: [pages, PageTokens] floats, one for each slot of
/// an observed head (one float for two rows of numbers: about a hundredth of the arena). Page 0 belongs to nobody; whatever reads or writes
/// beyond a head's pages meets it. Grows with the caches.
/// </summary>
internal sealed class ObservationPool(int pageTokens, Device device) : IDisposable
{
    private readonly Lock _gate = new();
    private readonly Stack<int> _free = [];
    private readonly List<int> _fresh = [];
    private Tensor? _pages;

    /// <summary>[pages, PageTokens]</summary>
    public Tensor Pages => _pages ?? throw new InvalidOperationException("no cache is observed");

    public int PageTokens => pageTokens;

    public long Bytes => _pages?.BytesOf() ?? 0;

    /// <summary>Called before the pages become more; tests make it fail.</summary>
    public Action? BeforeGrow { get; set; }

    /// <summary>A page, zeroed by the next <see cref="Prepare"/>.</summary>
    public int Take()
    {
        lock (_gate)
        {
            if (_free.Count == 0)
            {
                Grow();
            }

            int page = _free.Pop();
            _fresh.Add(page);
            return page;
        }
    }

    public void Release(IReadOnlyList<int> pages)
    {
        lock (_gate)
        {
            for (int i = 0; i < pages.Count; i++)
            {
                _free.Push(pages[i]);
            }
        }
    }

    /// <summary>Zeroes the pages taken since the last time.</summary>
    public void Prepare()
    {
        lock (_gate)
        {
            if (_fresh.Count == 0)
            {
                return;
            }

            using DisposeScope scope = NewDisposeScope();
            _pages!.index_fill_(0, Index([.. _fresh]), 0f);
            _fresh.Clear();
        }
    }

    /// <summary>Page numbers on the device.</summary>
    public Tensor Index(ReadOnlySpan<int> pages)
    {
        var numbers = new long[pages.Length];
        for (int i = 0; i < numbers.Length; i++)
        {
            numbers[i] = pages[i];
        }

        return Tensors.FromLongs(numbers, device);
    }

    public void Dispose() => _pages?.Dispose();

    private void Grow()
    {
        BeforeGrow?.Invoke();
        long count = _pages?.shape[0] ?? 0;
        long grown = Math.Max(256, count + (count / 2));
        Tensor pages = zeros([grown, pageTokens], ScalarType.Float32, device).Keep();
        if (_pages is not null)
        {
            using Tensor old = pages.narrow(0, 0, count);
            old.copy_(_pages);
            _pages.Dispose();
        }

        _pages = pages;
        for (long page = grown - 1; page >= Math.Max(1, count); page--)
        {
            _free.Push((int)page);
        }
    }
}
