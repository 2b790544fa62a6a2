using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using KVCluster.Inference;
using KVCluster.Silo.Configuration;
using KVCluster.Silo.Gateway;
using KVCluster.Silo.Serving;

namespace KVCluster.Silo.Tests.Gateway;

public sealed class TlsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly ManualTime _time = new();
    private readonly List<string> _complaints = [];

    private string CertificateFile => Path.Combine(_folder.Path, "tls.crt");

    private string KeyFile => Path.Combine(_folder.Path, "tls.key");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task With_a_certificate_it_serves_over_tls()
    {
        string thumbprint = WriteCertificate(1);
        await using ServerHost host = await StartAsync("https://127.0.0.1:0", ("CertificateFile", CertificateFile), ("CertificateKeyFile", KeyFile));
        string? seen = null;
        using var handler = new HttpClientHandler
        {
            ServerCertificateCustomValidationCallback = (_, certificate, _, _) => (seen = certificate!.Thumbprint) is not null,
        };
        using var http = new HttpClient(handler) { BaseAddress = host.Address };

        Assert.Equal(HttpStatusCode.OK, (await http.GetAsync("/v1/models")).StatusCode);
        Assert.Equal((Uri.UriSchemeHttps, thumbprint), (host.Address.Scheme, seen));
    }

    [Theory]
    [InlineData("https://127.0.0.1:0", null, "Listen:CertificateFile")]
    [InlineData("http://127.0.0.1:0", "x.crt", "https address")]
    [InlineData("https://127.0.0.1:0", "missing.crt", "missing.crt")]
    public async Task What_does_not_fit_together_is_said(string url, string? file, string said)
    {
        InputException error = await Assert.ThrowsAsync<InputException>(() => StartAsync(url, ("CertificateFile", file)));
        Assert.Contains(said, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_changed_certificate_is_taken_over_within_a_minute_and_a_broken_one_is_not()
    {
        string first = WriteCertificate(1);
        var certificate = new ServerCertificate(CertificateFile, KeyFile, _time, _complaints.Add);
        string second = WriteCertificate(2);
        Assert.Equal(first, certificate.Current.TargetCertificate.Thumbprint);
        _time.Passed += TimeSpan.FromMinutes(1);
        Assert.Equal(second, certificate.Current.TargetCertificate.Thumbprint);

        File.WriteAllText(CertificateFile, "broken");
        _time.Passed += TimeSpan.FromMinutes(1);
        Assert.Equal(second, certificate.Current.TargetCertificate.Thumbprint);
        Assert.Contains(CertificateFile, Assert.Single(_complaints), StringComparison.Ordinal);
    }

    private Task<ServerHost> StartAsync(string url, params (string Key, string? Value)[] more) => ServerHost.StartAsync(
        SettingsReader.Read(
            null,
            [
                new("Listen:Url", url), new("State:Store", Path.Combine(_folder.Path, "data")), new("Model:ArenaBytes", "1048576"),
                .. more.Where(m => m.Value is not null).Select(m => new KeyValuePair<string, string?>($"Listen:{m.Key}", m.Value)),
            ]),
        _ => { },
        CancellationToken.None);

    private string WriteCertificate(int version)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN=test-{version}", key, HashAlgorithmName.SHA256);
        using X509Certificate2 certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        File.WriteAllText(CertificateFile, certificate.ExportCertificatePem());
        File.WriteAllText(KeyFile, key.ExportPkcs8PrivateKeyPem());
        File.SetLastWriteTimeUtc(CertificateFile, new DateTime(2026, 1, version, 0, 0, 0, DateTimeKind.Utc));
        return certificate.Thumbprint;
    }
}
