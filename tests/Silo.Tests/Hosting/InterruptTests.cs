using KVCluster.Silo.Hosting;

namespace KVCluster.Silo.Tests.Hosting;

public class InterruptTests
{
    [Fact]
    public void The_first_signal_cancels_and_the_second_ends_the_process()
    {
        using Interrupt interrupt = new();
        CancellationToken token = interrupt.Token;
        Assert.True(interrupt.Raise(15));
        Assert.True(token.IsCancellationRequested);
        Assert.Equal(143, interrupt.ExitCode);
        Assert.False(interrupt.Raise(2));
    }

    [Fact]
    public void A_signal_while_waiting_for_a_line_is_left_to_the_system()
    {
        using Interrupt interrupt = new();
        Assert.False(interrupt.Waiting(() => interrupt.Raise(2)));
        Assert.False(interrupt.Token.IsCancellationRequested);
        Assert.True(interrupt.Raise(2));
        Assert.Equal(130, interrupt.ExitCode);
    }

    [Fact]
    public void After_a_renewal_the_next_signal_is_a_first_one()
    {
        using Interrupt interrupt = new();
        interrupt.Raise(2);
        interrupt.Renew();
        Assert.False(interrupt.Token.IsCancellationRequested);
        Assert.True(interrupt.Raise(2));
        Assert.True(interrupt.Token.IsCancellationRequested);
    }
}
