using KVCluster.Inference.Models;
using KVCluster.Inference.Tokenization;

namespace KVCluster.Inference.Tests.Tokenization;

/// <summary>What a template may not use is named when it is loaded, even in a branch that never runs.</summary>
public class UnsupportedTemplateTests
{
    [Theory]
    [InlineData("{{ x | wordwrap }}", "filter 'wordwrap'")]
    [InlineData("{{ x | map('nope') }}", "filter 'nope'")]
    [InlineData("{{ x | map(filter) }}", "not a literal")]
    [InlineData("{{ x | selectattr('a', 'nope') }}", "test 'nope'")]
    [InlineData("{{ x | selectattr }}", "attribute")]
    [InlineData("{{ x | select('divisibleby') }}", "divisibleby")]
    [InlineData("{{ x is filter }}", "test 'filter'")]
    [InlineData("{{ x.format(1) }}", "method 'format'")]
    [InlineData("{{ x.append(1) }}", "method 'append'")]
    [InlineData("{{ x.__class__() }}", "method '__class__'")]
    [InlineData("{{ lipsum() }}", "function 'lipsum'")]
    [InlineData("{{ x['y']() }}", "call of an expression")]
    [InlineData("{{ x.y()() }}", "method 'y'")]
    [InlineData("{{ loop.changed(x) }}", "method 'changed'")]
    [InlineData("{{ loop.nope }}", "loop member 'nope'")]
    [InlineData("{{ caller() }}", "'caller'")]
    [InlineData("{{ kwargs }}", "'kwargs'")]
    [InlineData("{{ 2 ** 3 }}", "'**'")]
    [InlineData("{{ '%s' % x }}", "'%'")]
    [InlineData("{{ f(*x) }}", "argument '*'")]
    [InlineData("{{ {1: 2} }}", "dictionary key")]
    [InlineData("{{ 1_000 }}", "1_")]
    [InlineData("{{ 0x1F }}", "0x")]
    [InlineData("{{ 99999999999999999999 }}", "99999999999999999999")]
    [InlineData("{{ '\\N{DASH}' }}", "\\N")]
    [InlineData("{{ '\\xZZ' }}", "\\x")]
    [InlineData("{{ x | trim(1, 2) }}", "'trim' does not take 2")]
    [InlineData("{{ x | replace('a') }}", "'replace' does not take 1")]
    [InlineData("{{ x | tojson(separators=1) }}", "'separators'")]
    [InlineData("{{ range() }}", "'range'")]
    [InlineData("{{ strftime_now('%Q') }}", "%Q")]
    [InlineData("{% include 'x' %}", "tag 'include'")]
    [InlineData("{% import 'x' as y %}", "tag 'import'")]
    [InlineData("{% extends 'x' %}", "tag 'extends'")]
    [InlineData("{% block x %}{% endblock %}", "tag 'block'")]
    [InlineData("{% call x() %}{% endcall %}", "tag 'call'")]
    [InlineData("{% filter upper %}{% endfilter %}", "tag 'filter'")]
    [InlineData("{% with x = 1 %}{% endwith %}", "tag 'with'")]
    [InlineData("{% raw %}x{% endraw %}", "tag 'raw'")]
    [InlineData("{% do x %}", "tag 'do'")]
    [InlineData("{% break %}", "tag 'break'")]
    [InlineData("{% for x in y recursive %}{% endfor %}", "'recursive'")]
    [InlineData("{% set x | upper %}{% endset %}", "'set'")]
    [InlineData("{% set x.y.z = 1 %}", "'='")]
    [InlineData("{% if x %}", "'endif'")]
    [InlineData("{% if x %}{% endfor %}", "'endfor'")]
    [InlineData("{% endif %}", "'endif'")]
    [InlineData("{% else %}", "'else'")]
    [InlineData("{% for x y %}{% endfor %}", "'in'")]
    [InlineData("{{ x", "not closed")]
    [InlineData("{# x", "not closed")]
    [InlineData("{% if x", "not closed")]
    [InlineData("{{ 'x }}", "not closed")]
    [InlineData("{{ x y }}", "'y'")]
    [InlineData("{{ }}", "'}}'")]
    [InlineData("{{ x + }}", "'}}'")]
    [InlineData("{{ (x }}", "'}'")]
    [InlineData("{{ x) }}", "')'")]
    [InlineData("{{ x ? y }}", "'?'")]
    [InlineData("{{ x[] }}", "']'")]
    [InlineData("{{ f(a=1, 2) }}", "positional")]
    public void Constructs_are_named_with_their_line(string construct, string name)
    {
        string text = "line one\n{% if false %}\n{% endif %}" + construct;
        string message = Assert.Throws<ModelFormatException>(() => new ChatTemplate("folder/file", text, new Dictionary<string, string>())).Message;
        Assert.Contains(name, message, StringComparison.Ordinal);
        Assert.Contains("folder/file: chat template, line 3", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Deep_nesting_and_huge_texts_are_refused()
    {
        foreach (string text in (string[])
            [
                "{{ " + new string('(', 50_000) + "1" + new string(')', 50_000) + " }}",
                "{{ " + new string('[', 50_000) + " }}",
                "{{ " + string.Concat(Enumerable.Repeat("not ", 50_000)) + "1 }}",
                "{{ " + new string('-', 50_000) + "1 }}",
                "{{ " + string.Concat(Enumerable.Repeat("a if b else ", 50_000)) + "1 }}",
                string.Concat(Enumerable.Repeat("{% if x %}", 50_000)),
                string.Concat(Enumerable.Repeat("{% macro m() %}", 20_000)),
                new string('x', 2_000_000),
            ])
        {
            Assert.Throws<ModelFormatException>(() => new ChatTemplate("file", text, new Dictionary<string, string>()));
        }
    }
}
