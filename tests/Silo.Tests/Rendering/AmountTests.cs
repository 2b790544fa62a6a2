using KVCluster.Silo.Rendering;

namespace KVCluster.Silo.Tests.Rendering;

public class AmountTests
{
    [Theory]
    [InlineData(0, "0 bytes")]
    [InlineData(1023, "1023 bytes")]
    [InlineData(1024, "1.00 KiB")]
    [InlineData(3_900_000, "3.72 MiB")]
    [InlineData(90_701_824, "86.5 MiB")]
    [InlineData(1L << 40, "1.00 TiB")]
    public void Bytes_have_binary_units(long bytes, string text) => Assert.Equal(text, Amount.Bytes(bytes));

    [Theory]
    [InlineData(999, "999")]
    [InlineData(12_345, "12,345")]
    [InlineData(1_328_832, "1.33 M")]
    [InlineData(134_515_008, "135 M")]
    [InlineData(7_000_000_000, "7.00 B")]
    public void Counts_are_short(long count, string text) => Assert.Equal(text, Amount.Count(count));
}
