using KVCluster.Worker.Calibration;

namespace KVCluster.Worker.Tests.Calibration;

public sealed class NeedlePromptTests(NeedleFixture needle) : IClassFixture<NeedleFixture>
{
    [Fact]
    public void Prompts_fill_their_length_and_the_span_holds_the_fact_and_little_else()
    {
        SeededRandom random = new(7);
        foreach (int length in (int[])[64, 200, 777])
        {
            foreach (double depth in (double[])[0, 0.5, 1])
            {
                NeedlePrompt prompt = NeedlePrompt.Make(needle.Model, random, length, depth);
                Assert.InRange(prompt.Tokens.Length, length - 30, length);
                foreach (string part in (string[])[prompt.Text.Fact, prompt.Text.Value])
                {
                    (int start, int end) = prompt.Find(needle.Model.Tokenizer, part);
                    string span = needle.Model.Tokenizer.Decode(prompt.Tokens.AsSpan(start, end - start));
                    Assert.Contains(part, span, StringComparison.Ordinal);

                    // The first and the last token may carry a neighbour, such as the space before.
                    Assert.DoesNotContain(part, needle.Model.Tokenizer.Decode(prompt.Tokens.AsSpan(start + 1, end - start - 1)), StringComparison.Ordinal);
                    Assert.DoesNotContain(part, needle.Model.Tokenizer.Decode(prompt.Tokens.AsSpan(start, end - start - 1)), StringComparison.Ordinal);
                }

                double place = (double)prompt.Find(needle.Model.Tokenizer, prompt.Text.Fact).Start / prompt.Tokens.Length;
                Assert.InRange(place, (depth * 0.8) - 0.4, (depth * 0.8) + 0.4);
            }
        }
    }
}
