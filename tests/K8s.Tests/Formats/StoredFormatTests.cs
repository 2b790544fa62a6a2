#if !ORLEANS
using System.Reflection;
using KVCluster.Grains;
using KVCluster.Silo.Serving;
using KVCluster.TestSupport;

namespace KVCluster.K8s.Tests.Formats;

/// <summary>
/// Two versions run side by side while one replaces the other: what an earlier build stored is read by this one. Where a test fails because a format was
/// changed, docs/operations/upgrade.md says what to do; writing the fixture anew is not the answer.
/// </summary>
public sealed class StoredFormatTests
{
    /// <summary>Set to 1, the fixture is written anew by <see cref="What_this_build_stores_it_reads_and_the_fixture_is_written_so"/>.</summary>
    private const string WriteVariable = "KVCLUSTER_WRITE_STORED_FORMATS";

    [Theory]
    [InlineData(StoredFormats.Whole)]
    [InlineData(StoredFormats.Cut)]
    public async Task A_conversation_of_an_earlier_build_goes_on_with_its_cache(string id) => await GoesOnAsync(StoredFormats.Folder, id);

    [Fact]
    public async Task What_this_build_stores_it_reads_and_the_fixture_is_written_so()
    {
        string folder = Directory.CreateTempSubdirectory("kvcluster-formats-").FullName;
        await StoredFormats.WriteAsync(folder);
        await GoesOnAsync(folder, StoredFormats.Whole);
        await GoesOnAsync(folder, StoredFormats.Cut);
        if (Environment.GetEnvironmentVariable(WriteVariable) == "1")
        {
            if (Directory.Exists(StoredFormats.Folder))
            {
                Directory.Delete(StoredFormats.Folder, recursive: true);
            }

            string copy = StoredFormats.Copy(folder);
            Directory.Move(copy, StoredFormats.Folder);
        }

        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public void Manifests_and_frames_of_an_earlier_build_are_verified_without_a_fault()
    {
        string copy = StoredFormats.Copy(StoredFormats.Folder);
        string output = RunCold(copy);
        Assert.Contains("2 sound, 0 damaged", output, StringComparison.Ordinal);
        Directory.Delete(copy, recursive: true);
    }

    /// <summary>
    /// While two versions run side by side the earlier one writes states that the later one wrote before, and drops the fields that it does not know. So a
    /// field may be added only where losing it is harmless, and none may be renamed, removed or change its meaning.
    /// </summary>
    [Fact]
    public void The_fields_of_stored_states_are_those_that_are_agreed()
    {
        string agreed = Path.Combine(TestPaths.Repository, "tests", "K8s.Tests", "Formats", "state-fields.txt");
        string[] now = [.. Fields(typeof(SessionState), "SessionState", []).Order(StringComparer.Ordinal)];
        if (Environment.GetEnvironmentVariable(WriteVariable) == "1")
        {
            File.WriteAllLines(agreed, now);
        }

        Assert.Equal(File.ReadAllLines(agreed), now);
    }

    private static async Task GoesOnAsync(string folder, string id)
    {
        StoredFormats.Expected expected = StoredFormats.ExpectedOf(folder)[id];
        string copy = StoredFormats.Copy(folder);
        await using (ServerHost host = await StoredFormats.ServeAsync(copy))
        {
            ISessionGrain session = StoredFormats.Session(host, id);
            SessionInfo info = await session.Describe();
            Assert.Equal((3, expected.History.Length), (info.Options.Priority, info.Tokens));
            TurnResult repeated = await StoredFormats.RunAsync(session, StoredFormats.First(id));
            Assert.Equal((true, expected.First), (repeated.IsRepeated, repeated.Text));
            Assert.Equal(expected.History, (await session.ReadHistory(0, int.MaxValue)).Tokens);
            TurnResult next = await StoredFormats.RunAsync(session, StoredFormats.Next);

            // All but the answer's last token, which never was in the cache, came from the cold copy: nothing was computed again.
            Assert.InRange(next.CachedTokens, expected.History.Length - 32, expected.History.Length);
            Assert.Equal(expected.Answer, next.Text);
            Assert.Equal(id == StoredFormats.Cut, (await session.Describe()).Cache.KeptTokens < info.Tokens);
        }

        Directory.Delete(copy, recursive: true);
    }

    private static string RunCold(string folder)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        using Silo.Hosting.Interrupt interrupt = new();
        var terminal = new Silo.Terminals.Terminal(TextReader.Null, output, error);
        int code = Silo.Hosting.CommandHost.Run(["cold", "verify", "--data", folder], terminal, interrupt);
        Assert.True(code == 0, $"{error}{output}");
        return output.ToString();
    }

    /// <summary>Every stored field of a record and of the records in it, as path and type.</summary>
    private static IEnumerable<string> Fields(Type type, string path, HashSet<Type> within)
    {
        foreach (PropertyInfo property in type.GetProperties(BindingFlags.Public | BindingFlags.Instance)
            .Where(p => p.CanWrite && p.GetCustomAttribute<System.Text.Json.Serialization.JsonIgnoreAttribute>() is null))
        {
            Type kind = Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType;
            Type element = kind.IsArray ? kind.GetElementType()! : kind.IsGenericType ? kind.GetGenericArguments()[^1] : kind;
            string name = $"{path}.{property.Name}";
            yield return $"{name}: {element.Name}{(kind == element ? "" : "[]")}";
            if (element.Namespace?.StartsWith(nameof(KVCluster), StringComparison.Ordinal) == true && element.IsClass && !within.Contains(element))
            {
                foreach (string field in Fields(element, name, [.. within, type]))
                {
                    yield return field;
                }
            }
        }
    }
}
#endif
