using System.Globalization;
using KVCluster.Inference;

namespace KVCluster.Silo.Planning;

/// <summary>What one tenant brings.</summary>
/// <param name="Name">Its id; empty where all is one tenant's.</param>
/// <param name="Sessions">Conversations kept alive.</param>
/// <param name="Tokens">Length of each, in tokens.</param>
/// <param name="Keep">Share of the slots that compression leaves, above 0 up to 1.</param>
internal sealed record TenantLoad(string Name, int Sessions, int Tokens, double Keep)
{
    /// <summary>Reads <c>NAME=SESSIONS[xTOKENS][@KEEP]</c>; what is left out is as given for all.</summary>
    /// <exception cref="InputException">It is not of that form, or a number is out of range.</exception>
    public static TenantLoad Parse(string text, int tokens, double keep)
    {
        string[] named = text.Split('=', 2);
        string[] kept = named[^1].Split('@', 2);
        string[] sized = kept[0].Split('x', 2);
        int sessions = 0;
        bool isRead = named.Length == 2 && named[0].Length > 0
            & Whole(sized[0], out sessions)
            & (sized.Length < 2 || Whole(sized[1], out tokens))
            & (kept.Length < 2 || double.TryParse(kept[1], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out keep));
        return isRead
            ? new TenantLoad(named[0], sessions, tokens, keep).Checked()
            : throw new InputException($"--tenants: '{text}' must be NAME=SESSIONS, NAME=SESSIONSxTOKENS or NAME=SESSIONSxTOKENS@KEEP");
    }

    /// <exception cref="InputException">A number is out of range.</exception>
    public TenantLoad Checked()
    {
        string whose = Name.Length == 0 ? "" : $" of tenant '{Name}'";
        Require(Sessions >= 1, $"sessions{whose} are {Sessions}: 1 or more");
        Require(Tokens >= 1, $"tokens{whose} are {Tokens}: 1 or more");
        Require(Keep is > 0 and <= 1, $"the share to keep{whose} is {Keep}: above 0 and at most 1");
        return this;
    }

    private static bool Whole(string text, out int number) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);

    private static void Require(bool holds, string fault)
    {
        if (!holds)
        {
            throw new InputException(fault);
        }
    }
}
