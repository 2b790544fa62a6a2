using FsCheck;
using FsCheck.Fluent;
using Orleans.Runtime;

namespace KVCluster.Storage.Grains.Tests;

public sealed class StateFileNameTests
{
    public static TheoryData<string> HostileKeys =>
    [
        ".", "..", "../../etc/passwd", "/", "\\", "a/b", "CON", "a\0b", "%2F", "*?<>|\"", "a ", "a.", "A", "ä", "\U0001F600", new string('x', 5000),
        new string('/', 300),
    ];

    [Theory]
    [MemberData(nameof(HostileKeys))]
    public void Any_key_names_a_file_of_its_own_below_the_directory(string key)
    {
        var name = StateFileName.Of("state", GrainId.Create("session", key));

        Assert.Equal(3, name.Split(Path.DirectorySeparatorChar).Length);
        Assert.StartsWith(Path.Combine("state", "session") + Path.DirectorySeparatorChar, name);
        var file = Path.GetFileNameWithoutExtension(name);
        Assert.Matches("^[a-z0-9_%~A-F-]{1,200}$", file);
    }

    [Fact]
    public void Keys_that_differ_in_case_only_have_names_that_differ_in_more()
        => Assert.NotEqual(
            StateFileName.Of("state", GrainId.Create("session", "abc")).ToUpperInvariant(),
            StateFileName.Of("state", GrainId.Create("session", "aBc")).ToUpperInvariant());

    [Fact]
    public void Long_keys_that_differ_at_their_end_have_different_names()
        => Assert.NotEqual(
            StateFileName.Of("state", GrainId.Create("session", new string('x', 500) + "a")),
            StateFileName.Of("state", GrainId.Create("session", new string('x', 500) + "b")));

    [Fact]
    public void Different_keys_have_different_names()
        => Prop.ForAll<NonWhiteSpaceString, NonWhiteSpaceString>((first, second) => first.Get == second.Get || HasSurrogate(first.Get + second.Get)
            || StateFileName.Of("s", GrainId.Create("t", first.Get)) != StateFileName.Of("s", GrainId.Create("t", second.Get))).QuickCheckThrowOnFailure();

    // Half a character, which the generator makes, has no UTF-8 form: text from outside never holds one.
    private static bool HasSurrogate(string text) => text.Any(char.IsSurrogate);
}
