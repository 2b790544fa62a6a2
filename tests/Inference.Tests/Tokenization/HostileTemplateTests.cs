using System.Diagnostics;
using KVCluster.Inference.Tokenization;

namespace KVCluster.Inference.Tests.Tokenization;

/// <summary>Templates come with model files: whatever they do ends soon, with an error, and takes little.</summary>
public class HostileTemplateTests
{
    private static readonly ChatMessage[] _messages = [new("user", "Hello"), new("assistant", "<think>\nx\n</think>\n\u00E9\U0001F600")];

    [Theory]
    [InlineData("{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% endfor %}")]
    [InlineData("{% for a in range(100000) %}{% for b in range(100000) %}x{% endfor %}{% endfor %}")]
    [InlineData("{% set ns = namespace(x='xx') %}{% for a in range(100) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}")]
    [InlineData("{% set ns = namespace(x=[1]) %}{% for a in range(100) %}{% set ns.x = ns.x + ns.x %}{% endfor %}")]
    [InlineData("{% set ns = namespace(x=[]) %}{% for a in range(100000) %}{% set ns.x = [ns.x] %}{% endfor %}{{ ns.x }}")]
    [InlineData("{% set ns = namespace(x=[]) %}{% for a in range(100000) %}{% set ns.x = [ns.x] %}{% endfor %}{{ ns.x | tojson }}")]
    [InlineData("{% set ns = namespace(x=[], y=[]) %}{% for a in range(100000) %}{% set ns.x = [ns.x] %}{% set ns.y = [ns.y] %}{% endfor %}{{ ns.x == ns.y }}")]
    [InlineData("{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}")]
    [InlineData("{% macro f(n) %}{% for i in range(9) %}{{ f(n + 1) }}{% endfor %}{% endmacro %}{{ f(0) }}")]
    [InlineData("{{ 'x' * 2000000000 }}")]
    [InlineData("{{ ('x' * 1000000).replace('x', 'y' * 1000000) }}")]
    [InlineData("{{ ('x' * 1000000) | list | join('y' * 10000) }}")]
    [InlineData("{{ range(2000000000) }}")]
    [InlineData("{{ range(0, 9223372036854775807, 1) }}")]
    [InlineData("{% set x = 'x' * 3000000 %}{% for a in range(100000) %}{% set y = x | upper %}{% endfor %}")]
    [InlineData("{% set x = 'x' * 3000000 %}{% for a in range(100000) %}{% if 'y' in x %}{% endif %}{% endfor %}")]
    [InlineData("{% set x = 'x' * 3000000 %}{% for a in range(100000) %}{{ x | length }}{{ x[-1] }}{% endfor %}")]
    [InlineData("{% set x = '\U0001F600' * 1000000 %}{% for a in range(100000) %}{{ x | length }}{{ x[-1] }}{% endfor %}")]
    [InlineData("{{ 9223372036854775807 + 1 }}")]
    [InlineData("{{ (-9223372036854775807 - 1) // -1 }}")]
    [InlineData("{{ 1 % 0 }}{{ 1.0 // 0 }}")]
    public void Ends_with_an_error(string text)
    {
        var template = new ChatTemplate("file", text, new Dictionary<string, string>());
        var watch = Stopwatch.StartNew();
        string message = Assert.Throws<InputException>(() => template.Render(_messages, addGenerationPrompt: true)).Message;
        Assert.StartsWith("file: chat template, line 1: ", message, StringComparison.Ordinal);
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(20), $"took {watch.Elapsed}");
    }

    [Fact]
    public void A_long_chain_of_operators_does_not_overflow_the_stack()
    {
        string text = "{{ 1" + string.Concat(Enumerable.Repeat(" + 1", 200_000)) + " }}";
        var template = new ChatTemplate("file", text, new Dictionary<string, string>());
        Exception? fault = null;
        var thread = new Thread(() => fault = Record.Exception(() => template.Render(_messages, true)), maxStackSize: 1 << 20);
        thread.Start();
        thread.Join();
        Assert.IsType<InputException>(fault);
    }

    [Fact]
    public void Long_documents_stay_within_the_bounds()
    {
        const string text = "{% for m in messages %}{{ '<|im_start|>' + m.role + '\n' + m.content | trim + '<|im_end|>\n' }}{% endfor %}";
        var template = new ChatTemplate("file", text, new Dictionary<string, string>());
        ChatMessage[] messages = [.. Enumerable.Range(0, 400).Select(i => new ChatMessage(i % 2 == 0 ? "user" : "assistant", new string('x', 30_000)))];
        Assert.Equal(400 * 30_000, template.Render(messages, true).Where(s => s.FromUser).Sum(s => s.Text.Length) - (200 * 13));
    }

    [Fact]
    public void Mutated_templates_render_or_are_refused_and_never_do_anything_else()
    {
        string folder = Path.Combine(KVCluster.TestSupport.TestPaths.Repository, "tests/Inference.Tests/Tokenization/Templates");
        string[] sources = Directory.EnumerateFiles(folder, "*.jinja").Order(StringComparer.Ordinal).Select(File.ReadAllText).ToArray();
        string[] words = string.Join(' ', sources).Split([' ', '\n'], StringSplitOptions.RemoveEmptyEntries);
        var random = new Random(36);
        int refused = 0;
        for (int round = 0; round < 3000; round++)
        {
            string text = sources[random.Next(sources.Length)];
            for (int edits = random.Next(1, 4); edits > 0; edits--)
            {
                int at = random.Next(text.Length);
                int end = Math.Min(text.Length, at + random.Next(30));
                string insert = random.Next(3) switch { 0 => "", 1 => words[random.Next(words.Length)], _ => "{%}|'-.([~"[random.Next(10)].ToString() };
                text = text[..at] + insert + text[(random.Next(2) == 0 ? at : end)..] + " ";
            }

            try
            {
                new ChatTemplate("file", text, new Dictionary<string, string>()).Render(_messages, addGenerationPrompt: true);
            }
            catch (InputException)
            {
                refused++;
            }
        }

        Assert.InRange(refused, 300, 3000);
    }
}
