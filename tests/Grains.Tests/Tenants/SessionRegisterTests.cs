namespace KVCluster.Grains.Tests.Tenants;

public sealed class SessionRegisterTests
{
    [Fact]
    public void Pages_are_in_ordinal_order_and_complete()
    {
        var register = new SessionRegister(new TenantPartState());
        string[] ids = [.. Enumerable.Range(0, 100).Select(i => $"s{i}"), "S1", "a", "~"];
        foreach (string id in ids.Order(StringComparer.OrdinalIgnoreCase))
        {
            register.Set(Summary(id));
        }

        List<string> read = [];
        for (string? after = null; ;)
        {
            SessionSummary[] page = register.Page(after, 7);
            if (page.Length == 0)
            {
                break;
            }

            read.AddRange(page.Select(session => session.Session));
            after = page[^1].Session;
        }

        Assert.Equal(ids.Order(StringComparer.Ordinal), read);
    }

    [Fact]
    public void A_page_begins_behind_a_session_that_is_gone()
    {
        var register = new SessionRegister(new TenantPartState { Sessions = [Summary("a"), Summary("b"), Summary("c")] });
        register.Remove("b");
        Assert.Equal(["c"], register.Page("b", 10).Select(session => session.Session));
        Assert.Equal(2, register.State().Sessions.Length);
    }

    [Fact]
    public void Sessions_spread_over_all_parts_of_the_index()
    {
        string[] keys = [.. Enumerable.Range(0, 1000).Select(i => TenantParts.KeyOf(SessionId.Of("t", $"chat-{i}")))];
        Assert.Equal(TenantParts.Count, keys.Distinct().Count());
        Assert.All(keys.CountBy(key => key), part => Assert.InRange(part.Value, 20, 140));
    }

    private static SessionSummary Summary(string id) =>
        new() { Session = id, Created = default, LastUsed = default, Tokens = 0, Node = "n" };
}
