using KVCluster.Engine.Embedded;
using KVCluster.TestSupport;

namespace KVCluster.Engine.Conformance.Embedded.Surface;

public sealed class SurfaceTests
{
    private static readonly SortedDictionary<string, SortedSet<string>> Real = PublicSurface.Of(typeof(Grain).Assembly, typeof(EmbeddedCluster).Assembly);

    private static readonly SortedDictionary<string, SortedSet<string>> Documented
        = DocumentedSurface.Read(Path.Combine(TestPaths.Repository, "docs", "engines.md"));

    [Fact]
    public void Every_public_type_is_documented_and_every_documented_type_exists()
        => Assert.Equal(Real.Keys, Documented.Keys);

    [Fact]
    public void Every_public_member_is_documented_and_every_documented_member_exists()
        => Assert.All(Real.Keys.Intersect(Documented.Keys), type => Assert.Equal(
            $"{type}: {string.Join(", ", Real[type])}", $"{type}: {string.Join(", ", Documented[type])}"));
}
