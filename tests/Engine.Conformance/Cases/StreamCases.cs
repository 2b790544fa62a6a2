using KVCluster.Engine.Conformance.Cluster;
using KVCluster.Engine.Conformance.Grains;
using Orleans.Runtime;

namespace KVCluster.Engine.Conformance.Cases;

public sealed class StreamCases : ConformanceCase
{
    [Theory]
    [InlineData(0, 100)]
    [InlineData(1, 100)]
    [InlineData(250, 100)]
    [InlineData(250, 1)]
    [InlineData(250, 7)]
    public async Task Every_element_arrives_in_order(int count, int batchSize)
    {
        var grain = Get<IStreamGrain>(await StartAsync());

        Assert.Equal(Enumerable.Range(0, count), await Soon(ReadAsync(grain.Count(count).WithBatchSize(batchSize))));
    }

    [Fact]
    public async Task An_element_arrives_before_the_next_is_made()
    {
        var grain = Get<IStreamGrain>(await StartAsync());
        await using var reader = grain.CountWithAPause().GetAsyncEnumerator();
        Assert.True(await Soon(reader.MoveNextAsync().AsTask()));
        Assert.Equal(0, reader.Current);

        var next = reader.MoveNextAsync().AsTask();
        await Stage.SeenAsync("more reached");
        Assert.False(next.IsCompleted);
        Stage.Open("more");
        Assert.True(await Soon(next));
        Assert.Equal(1, reader.Current);
        Assert.False(await Soon(reader.MoveNextAsync().AsTask()));
        await Stage.SeenAsync("stream closed");
    }

    [Fact]
    public async Task Nothing_runs_until_the_stream_is_read()
    {
        var grain = Get<IStreamGrain>(await StartAsync());
        var stream = grain.CountWithAPause();
        await Soon(grain.Echo("x"));
        Assert.Empty(Stage.Journal);

        Stage.Open("more");
        Assert.Equal([0, 1], await Soon(ReadAsync(stream)));
    }

    [Fact]
    public async Task Two_readers_have_a_stream_each()
    {
        var grain = Get<IStreamGrain>(await StartAsync());
        var stream = grain.Count(30);
        var both = await Soon(Task.WhenAll(ReadAsync(stream), ReadAsync(stream)));

        Assert.All(both, read => Assert.Equal(Enumerable.Range(0, 30), read));
    }

    [Fact]
    public async Task Other_calls_run_while_a_stream_is_open()
    {
        var grain = Get<IStreamGrain>(await StartAsync());
        await using var reader = grain.CountWithAPause().GetAsyncEnumerator();
        Assert.True(await Soon(reader.MoveNextAsync().AsTask()));
        var next = reader.MoveNextAsync().AsTask();
        await Stage.SeenAsync("more reached");

        Assert.Equal("beside", await Soon(grain.Echo("beside")));
        Stage.Open("more");
        Assert.True(await Soon(next));
    }

    [Fact]
    public async Task A_reader_that_leaves_early_closes_the_stream()
    {
        var grain = Get<IStreamGrain>(await StartAsync());
        await foreach (var element in grain.CountForever())
        {
            if (element == 3)
            {
                break;
            }
        }

        await Stage.SeenAsync("endless stream closed");
    }

    [Fact]
    public async Task A_reader_that_leaves_cancels_the_step_that_runs()
    {
        var grain = Get<IStreamGrain>(await StartAsync());
        using var cancellation = new CancellationTokenSource();
        await using var reader = grain.CountWithAPause().GetAsyncEnumerator(cancellation.Token);
        Assert.True(await Soon(reader.MoveNextAsync().AsTask()));
        var next = reader.MoveNextAsync().AsTask();
        await Stage.SeenAsync("more reached");
        await cancellation.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Soon(next));
        await Stage.SeenAsync("stream closed, cancelled");
    }

    [Fact]
    public async Task A_token_given_to_the_method_cancels_as_well()
    {
        var grain = Get<IStreamGrain>(await StartAsync());
        using var cancellation = new CancellationTokenSource();
        await using var reader = grain.CountWithAPause(cancellation.Token).GetAsyncEnumerator();
        Assert.True(await Soon(reader.MoveNextAsync().AsTask()));
        var next = reader.MoveNextAsync().AsTask();
        await Stage.SeenAsync("more reached");
        await cancellation.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Soon(next));
        await Stage.SeenAsync("stream closed, cancelled");
    }

    [Fact]
    public async Task An_error_of_the_stream_is_the_readers()
    {
        var grain = Get<IStreamGrain>(await StartAsync());
        var read = new List<int>();
        var error = await Assert.ThrowsAsync<InvalidOperationException>(async () =>
        {
            await foreach (var element in grain.CountThenFail("It broke."))
            {
                read.Add(element);
            }
        });

        Assert.Equal("It broke.", error.Message);
        Assert.Equal([0], read);
    }

    [Fact]
    public async Task A_stream_outlives_the_response_timeout()
    {
        var cluster = await StartAsync(new ConformanceOptions { ResponseTimeout = TimeSpan.FromSeconds(2) });
        var grain = Get<IStreamGrain>(cluster);
        await using var reader = grain.CountWithAPause().GetAsyncEnumerator();
        Assert.True(await Soon(reader.MoveNextAsync().AsTask()));
        var next = reader.MoveNextAsync().AsTask();
        await Stage.SeenAsync("more reached");
        for (var step = 0; step < 40; step++)
        {
            // Small steps: the engine's own messages must keep up with the clock, on a busy machine too.
            await cluster.PassTimeAsync(TimeSpan.FromSeconds(0.1));
            await Task.Delay(25);
        }

        Assert.False(next.IsCompleted);
        Stage.Open("more");
        Assert.True(await Soon(next));
    }

    [Fact]
    public async Task A_stream_whose_reader_vanished_is_closed()
    {
        var cluster = await StartAsync(new ConformanceOptions { ResponseTimeout = TimeSpan.FromSeconds(2) });
        var reader = Get<IStreamGrain>(cluster).CountForever().GetAsyncEnumerator();
        Assert.True(await Soon(reader.MoveNextAsync().AsTask()));

        // It is neither read on nor disposed.
        await PassUntilAsync(cluster, () => Stage.Count("endless stream closed") == 1);
    }

    [Fact]
    public async Task A_stream_ends_with_its_activation()
    {
        var grain = Get<IStreamGrain>(await StartAsync());
        await using var reader = grain.CountForever().WithBatchSize(1).GetAsyncEnumerator();
        Assert.True(await Soon(reader.MoveNextAsync().AsTask()));
        await Soon(grain.Deactivate());
        await Stage.SeenAsync("endless stream closed");

        await Assert.ThrowsAsync<EnumerationAbortedException>(async () =>
        {
            while (await Soon(reader.MoveNextAsync().AsTask()))
            {
            }
        });
    }

    [Fact]
    public async Task A_stream_ends_with_its_activation_also_where_the_hook_fails()
    {
        var grain = Get<IStreamGrain>(await StartAsync());
        await using var reader = grain.CountForever().WithBatchSize(1).GetAsyncEnumerator();
        Assert.True(await Soon(reader.MoveNextAsync().AsTask()));
        await Soon(grain.DeactivateBadly());

        await Stage.SeenAsync("endless stream closed");
    }

    [Fact]
    public async Task A_stream_whose_cancellation_fails_is_closed()
    {
        var grain = Get<IStreamGrain>(await StartAsync());
        await foreach (var element in grain.CountWithFailingToken().WithBatchSize(1))
        {
            if (element == 3)
            {
                break;
            }
        }

        await Stage.SeenAsync("unwilling stream closed");
    }

    [Fact]
    public async Task Elements_are_the_readers_own()
    {
        var grain = Get<IStreamGrain>(await StartAsync());
        var arrays = await Soon(ReadAsync(grain.SameArray(3).WithBatchSize(1)));

        Assert.Equal([0, 1, 2], arrays.Select(array => array[0]));
    }

    [Fact]
    public async Task The_request_context_reaches_the_stream()
    {
        var grain = Get<IStreamGrain>(await StartAsync());
        RequestContext.Set("key", "value");

        Assert.Equal(["value", "value"], await Soon(ReadAsync(grain.Context())));
    }

    private static async Task<List<T>> ReadAsync<T>(IAsyncEnumerable<T> stream)
    {
        var read = new List<T>();
        await foreach (var element in stream)
        {
            read.Add(element);
        }

        return read;
    }
}
