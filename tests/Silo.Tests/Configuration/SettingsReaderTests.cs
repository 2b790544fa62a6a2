using System.Reflection;
using KVCluster.Inference;
using KVCluster.Silo.Configuration;

namespace KVCluster.Silo.Tests.Configuration;

public class SettingsReaderTests
{
    [Fact]
    public void Every_setting_has_a_description_and_every_number_a_range()
    {
        foreach (PropertyInfo section in typeof(ServerSettings).GetProperties())
        {
            foreach (PropertyInfo leaf in section.PropertyType.GetProperties())
            {
                Assert.NotNull(leaf.GetCustomAttribute<System.ComponentModel.DescriptionAttribute>());
                Assert.Equal(leaf.PropertyType == typeof(int) || leaf.PropertyType == typeof(long), leaf.GetCustomAttribute<RangeAttribute>() is not null);
            }
        }
    }

    [Fact]
    public void The_command_line_goes_over_the_file()
    {
        string file = Path.GetTempFileName();
        try
        {
            File.WriteAllText(file, """{"model":{"kvType":"int8","arenaBytes":1048576},"listen":{"url":"http://127.0.0.1:9"}}""");

            ServerSettings settings = SettingsReader.Read(file, [new("Model:ArenaBytes", "2097152")]);

            Assert.Equal((2097152, "Int8", "http://127.0.0.1:9"), (settings.Model.ArenaBytes, settings.Model.KvType.ToString(), settings.Listen.Url));
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Theory]
    [InlineData("Model:Pth", "x", "Model:Pth")]
    [InlineData("Modell:Path", "x", "Modell")]
    [InlineData("Model:ArenaBytes", "much", "Model:ArenaBytes")]
    [InlineData("Node:Count", "17", "from 0 to 16")]
    [InlineData("Model:KvType", "F64", "F32, BF16, Int8")]
    [InlineData("Listen", "x", "Listen")]
    public void What_is_wrong_is_named(string key, string value, string named)
    {
        InputException error = Assert.Throws<InputException>(() => SettingsReader.Read(null, [new(key, value)]));

        Assert.Contains(named, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_missing_or_broken_file_is_named()
    {
        Assert.Contains("no such settings file: nowhere.json", Assert.Throws<InputException>(() => SettingsReader.Read("nowhere.json", [])).Message, StringComparison.Ordinal);
        string file = Path.GetTempFileName();
        try
        {
            File.WriteAllText(file, "{");
            Assert.Contains(file, Assert.Throws<InputException>(() => SettingsReader.Read(file, [])).Message, StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact]
    public void Leaves_name_every_key_with_its_value() =>
        Assert.Contains(SettingsReader.Leaves(new ServerSettings()), leaf => leaf is ("Node:Count", 1, _));
}
