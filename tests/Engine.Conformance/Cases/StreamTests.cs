using KVCluster.Engine.Conformance.Grains;
using Orleans.Runtime;

namespace KVCluster.Engine.Conformance.Cases;

public sealed class StreamTests(SharedCluster shared) : SharedClusterCase(shared)
{
    private IStreamGrain NewGrain() => Client.GetGrain<IStreamGrain>(NewKey());

    [Theory]
    [InlineData(0, 100)]
    [InlineData(1, 100)]
    [InlineData(1000, 100)]
    [InlineData(1000, 1)]
    [InlineData(1000, 7)]
    public async Task Every_item_comes_once_and_in_order(int count, int batch)
    {
        List<int> items = [];
        await foreach (int item in NewGrain().Count(count).WithBatchSize(batch))
        {
            items.Add(item);
        }

        Assert.Equal(Enumerable.Range(0, count), items);
    }

    [Fact]
    public async Task The_callees_exception_comes_after_its_items()
    {
        List<int> items = [];
        KnownException error = await Assert.ThrowsAsync<KnownException>(async () =>
        {
            await foreach (int item in NewGrain().CountAndFail(5))
            {
                items.Add(item);
            }
        });
        Assert.Equal(5, error.Number);
        Assert.Equal(Enumerable.Range(0, 5), items);
    }

    [Fact]
    public async Task A_token_given_to_the_method_cancels_the_callee_and_the_reader()
    {
        string journal = $"a/{NewKey()}";
        using CancellationTokenSource source = new();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => ReadUntilCancelledAsync(NewGrain().Endless(journal, source.Token), source));
        await EndsAsync(journal, "cancelled");
    }

    [Fact]
    public async Task A_token_given_to_the_enumeration_cancels_the_callee_and_the_reader()
    {
        string journal = $"a/{NewKey()}";
        using CancellationTokenSource source = new();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => ReadUntilCancelledAsync(NewGrain().Endless(journal).WithCancellation(source.Token), source));
        await EndsAsync(journal, "cancelled");
    }

    [Fact]
    public async Task A_reader_that_leaves_ends_the_callee()
    {
        string journal = $"a/{NewKey()}";
        await foreach (int _ in NewGrain().Endless(journal))
        {
            break;
        }

        await Eventually.HoldsAsync(Cluster, TimeSpan.FromMilliseconds(10), async () => (await LinesAsync(journal)).Length == 1);
    }

    [Fact]
    public async Task Other_calls_are_served_while_an_enumeration_waits()
    {
        IStreamGrain grain = NewGrain();
        await using IAsyncEnumerator<int> reader = grain.Endless($"a/{NewKey()}").GetAsyncEnumerator();
        Assert.True(await reader.MoveNextAsync().AsTask().Within());
        Task<bool> next = reader.MoveNextAsync().AsTask();
        Assert.Equal(42, await grain.Answer().Within());
        Assert.False(next.IsCompleted);
    }

    [Fact]
    public async Task A_stream_is_read_from_its_beginning_by_each_reader()
    {
        IStreamGrain grain = NewGrain();
        IAsyncEnumerable<int> stream = grain.Count(10);
        for (int reader = 0; reader < 2; reader++)
        {
            List<int> items = [];
            await foreach (int item in stream)
            {
                items.Add(item);
            }

            Assert.Equal(Enumerable.Range(0, 10), items);
        }
    }

    [Fact]
    public async Task What_a_reader_was_given_is_its_own()
    {
        List<List<int>> lists = [];
        await foreach (List<int> list in NewGrain().Growing(3))
        {
            lists.Add(list);
            list.Add(-1);
        }

        Assert.Equal([0, -1], lists[0]);
        Assert.Equal([0, 1, -1], lists[1]);
        Assert.Equal([0, 1, 2, -1], lists[2]);
    }

    private static async Task ReadUntilCancelledAsync(IAsyncEnumerable<int> stream, CancellationTokenSource source)
    {
        await foreach (int _ in stream)
        {
            await source.CancelAsync();
        }
    }

    private static async Task ReadUntilCancelledAsync(
        System.Runtime.CompilerServices.ConfiguredCancelableAsyncEnumerable<int> stream, CancellationTokenSource source)
    {
        await foreach (int _ in stream)
        {
            await source.CancelAsync();
        }
    }

    private async Task EndsAsync(string journal, string how)
    {
        await Eventually.HoldsAsync(Cluster, TimeSpan.FromMilliseconds(10), async () => (await LinesAsync(journal)).Length == 1);
        Assert.Equal([how], await LinesAsync(journal));
    }

    private Task<string[]> LinesAsync(string journal) => Client.GetGrain<IJournalGrain>(journal).Read().Within();
}
