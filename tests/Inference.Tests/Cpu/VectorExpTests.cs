using System.Runtime.Intrinsics;
using KVCluster.Inference.Cpu;

namespace KVCluster.Inference.Tests.Cpu;

public sealed class VectorExpTests
{
    [Fact]
    public void Every_result_is_within_a_few_units_in_the_last_place()
    {
        for (float x = -87.2f; x <= 88; x += 0.0137f)
        {
            double expected = Math.Exp(x);
            Assert.InRange(VectorExp.Exp(Vector512.Create(x))[0], expected * (1 - 3e-7), expected * (1 + 3e-7));
        }
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(-87.5f, 0)]
    [InlineData(-1e30f, 0)]
    [InlineData(float.NegativeInfinity, 0)]
    public void The_ends_are_exact(float x, float expected) => Assert.Equal(expected, VectorExp.Exp(Vector512.Create(x))[15]);
}
