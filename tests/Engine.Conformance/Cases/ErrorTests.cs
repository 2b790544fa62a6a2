using KVCluster.Engine.Conformance.Grains;

namespace KVCluster.Engine.Conformance.Cases;

public sealed class ErrorTests(SharedCluster shared) : SharedClusterCase(shared)
{
    private readonly string _key = NewKey();

    private IErrorGrain Grain => Client.GetGrain<IErrorGrain>(_key);

    [Fact]
    public async Task An_exception_keeps_its_type_its_message_and_its_values()
    {
        KnownException error = await Assert.ThrowsAsync<KnownException>(() => Grain.Known(7).Within());
        Assert.Equal("as told", error.Message);
        Assert.Equal(7, error.Number);
        Assert.Contains(nameof(ErrorGrain), error.StackTrace, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_exception_of_the_framework_keeps_its_type_and_message()
    {
        ArgumentOutOfRangeException error = await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => Grain.Argument().Within());
        Assert.StartsWith("too many", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_inner_exception_comes_along()
    {
        InvalidOperationException error = await Assert.ThrowsAsync<InvalidOperationException>(() => Grain.Wrapped().Within());
        Assert.Equal("outer", error.Message);
        Assert.Equal("as told", Assert.IsType<KnownException>(error.InnerException).Message);
    }

    [Fact]
    public async Task An_exception_thrown_before_the_first_await_comes_as_the_task()
    {
        Task call = Grain.Synchronous();
        await Assert.ThrowsAsync<KnownException>(() => call.Within());
    }

    [Fact]
    public async Task A_grain_that_failed_a_call_serves_the_next()
    {
        await Assert.ThrowsAsync<KnownException>(() => Grain.Known(1).Within());
        Assert.Equal(42, await Grain.Answer().Within());
    }
}
