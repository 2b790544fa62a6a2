using KVCluster.Silo.Rendering;

namespace KVCluster.Silo.Tests.Rendering;

public class RetentionPictureTests
{
    [Fact]
    public void A_bar_fills_with_the_share_and_keeps_its_width()
    {
        int width = RetentionPicture.Bar(0).Length;
        Assert.Equal(new string('·', width), RetentionPicture.Bar(0));
        Assert.Equal(new string('█', width), RetentionPicture.Bar(1));
        int full = 0;
        for (int i = 0; i <= 100; i++)
        {
            string bar = RetentionPicture.Bar(i / 100.0);
            Assert.Equal(width, bar.Length);
            Assert.InRange(bar.Count(c => c == '█'), full, width);
            full = bar.Count(c => c == '█');
        }
    }

    [Fact]
    public void Every_layer_has_a_line_and_ragged_heads_are_told_apart()
    {
        string[] lines = [.. RetentionPicture.Lines([[50, 50], [100, 0]], tokens: 100)];
        Assert.Equal(2, lines.Length);
        Assert.Contains("layer 0", lines[0], StringComparison.Ordinal);
        Assert.Contains("50 of 100", lines[0], StringComparison.Ordinal);
        Assert.Contains("50.0 %", lines[0], StringComparison.Ordinal);
        Assert.DoesNotContain("heads", lines[0], StringComparison.Ordinal);
        Assert.Contains("heads 100 0", lines[1], StringComparison.Ordinal);
    }
}
