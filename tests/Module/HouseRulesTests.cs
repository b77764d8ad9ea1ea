using System.Collections.Specialized;
using System.Management.Automation;
using System.Reflection;
using System.Security;
using System.Text.RegularExpressions;

namespace RestrictedSender.Module.Tests;

/// <summary>Rules for the whole module, whatever cmdlets it has.</summary>
public sealed class HouseRulesTests : IClassFixture<HouseRulesTests.Imported>
{
    private const BindingFlags Any = BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic;

    private readonly Imported _imported;

    public HouseRulesTests(Imported imported) => _imported = imported;

    /// <summary>The assembly that the engine has loaded, and the cmdlets that the module exports.</summary>
    public sealed class Imported : IDisposable
    {
        public Imported()
        {
            var commands = Engine.Run("Get-Command -Module RestrictedSender").Good;
            Cmdlets = [.. commands.Select(command => (CmdletInfo)command.BaseObject)];
            Assembly = Cmdlets[0].ImplementingType.Assembly;
        }

        internal Engine Engine { get; } = new();

        public IReadOnlyList<CmdletInfo> Cmdlets { get; }

        public Assembly Assembly { get; }

        public void Dispose() => Engine.Dispose();

        /// <summary>A class or enum, whether it is public or not.</summary>
        internal Type Type(string name) =>
            Assembly.GetTypes().Single(type => type.Name == name && type.Namespace is not null);
    }

    private IEnumerable<CmdletInfo> Cmdlets => _imported.Cmdlets;

    /// <summary>Verbs of cmdlets that only look, or that change nothing but the session.</summary>
    private static readonly string[] HarmlessVerbs =
    [
        "Get", "Test", "Find", "Measure", "Show", "Wait", "Watch", "Connect", "Disconnect", "ConvertFrom", "ConvertTo",
    ];

    [Fact]
    public void What_is_imported_is_what_is_in_out()
    {
        Assert.Equal(Path.GetFullPath(Place.Assembly), _imported.Assembly.Location);
        Assert.DoesNotContain(
            AppDomain.CurrentDomain.GetAssemblies(),
            assembly => assembly.GetName().Name == "RestrictedSender" && assembly != _imported.Assembly);
    }

    [Fact]
    public void The_manifest_exports_the_cmdlets_of_the_assembly()
    {
        var inAssembly = _imported.Assembly.GetTypes()
            .Select(type => type.GetCustomAttribute<CmdletAttribute>())
            .OfType<CmdletAttribute>()
            .Select(cmdlet => $"{cmdlet.VerbName}-{cmdlet.NounName}");
        var manifest = _imported.Engine.Run($"Test-ModuleManifest '{Place.Manifest}'").Good[0];
        var exported = ((PSModuleInfo)manifest.BaseObject).ExportedCmdlets.Keys;
        Assert.Equal(inAssembly.Order(), exported.Order());
        Assert.Equal(inAssembly.Order(), Cmdlets.Select(cmdlet => cmdlet.Name).Order());
        var cargo = File.ReadAllText(Path.Combine(Place.Root, "Cargo.toml"));
        var workspace = Regex.Match(cargo, "(?m)^version = \"([^\"]+)\"");
        Assert.Equal(workspace.Groups[1].Value, manifest.Text("Version"));
    }

    [Fact]
    public void Whatever_changes_something_asks()
    {
        foreach (var cmdlet in Cmdlets.Where(cmdlet => !HarmlessVerbs.Contains(cmdlet.Verb)))
            Assert.True(Attribute(cmdlet).SupportsShouldProcess, $"{cmdlet.Name} changes something and does not ask.");
        foreach (var cmdlet in Cmdlets.Where(HasImpact))
            Assert.True(Attribute(cmdlet).SupportsShouldProcess, $"{cmdlet.Name} has an impact and does not ask.");
        Assert.Equal(ConfirmImpact.High, Attribute(Cmdlets.Single(cmdlet => cmdlet.Verb == "Unblock")).ConfirmImpact);
    }

    [Fact]
    public void Every_cmdlet_says_what_comes_out() =>
        Assert.All(Cmdlets, cmdlet => Assert.True(cmdlet.OutputType.Count > 0, cmdlet.Name));

    [Fact]
    public void Every_cmdlet_that_works_on_a_tenant_has_Connection() =>
        Assert.All(
            // Journals and delivery reports are files: whoever reads them asks no tenant.
            Cmdlets.Where(cmdlet => cmdlet.Verb != "Connect"
                && cmdlet.Noun is not ("RestrictedSenderJournal" or "NonDeliveryReport" or "NonDeliveryCode")),
            cmdlet => Assert.True(cmdlet.Parameters.ContainsKey("Connection"), cmdlet.Name));

    [Fact]
    public void A_reason_never_binds_from_the_pipeline()
    {
        var sets = Cmdlets.SelectMany(cmdlet => cmdlet.ParameterSets)
            .SelectMany(set => set.Parameters)
            .Where(parameter => parameter.Name == "Reason" || parameter.Aliases.Contains("Reason"))
            .ToList();
        Assert.NotEmpty(sets);
        Assert.DoesNotContain(sets, BindsFromThePipeline);
    }

    [Fact]
    public void What_names_an_entity_binds_from_the_pipeline_under_the_names_of_Exchange()
    {
        // What comes through the pipeline of Measure-OutboundSending are rows, which have a SenderAddress each.
        foreach (var cmdlet in Cmdlets.Where(cmdlet =>
            cmdlet.Parameters.ContainsKey("SenderAddress") && cmdlet.Name != "Measure-OutboundSending"))
        {
            var parameters = cmdlet.ParameterSets.SelectMany(set => set.Parameters)
                .ToLookup(parameter => parameter.Name);
            Assert.All(parameters["SenderAddress"], parameter =>
            {
                Assert.True(parameter.ValueFromPipeline && parameter.ValueFromPipelineByPropertyName);
                Assert.Equal(0, parameter.Position);
                Assert.Equal(["PrimarySmtpAddress", "UserPrincipalName"], parameter.Aliases.Order());
            });
            Assert.All(parameters["ConnectorId"], parameter => Assert.True(parameter.ValueFromPipelineByPropertyName));
        }
    }

    [Fact]
    public void Durations_are_whole_seconds()
    {
        var parameters = Cmdlets.SelectMany(cmdlet => cmdlet.Parameters.Values).ToList();
        Assert.DoesNotContain(parameters, parameter => Bare(parameter.ParameterType) == typeof(TimeSpan));
        Assert.All(
            parameters.Where(parameter => parameter.Name.Contains("Timeout", StringComparison.Ordinal)),
            parameter => Assert.EndsWith("Sec", parameter.Name));
    }

    [Fact]
    public void No_secret_is_taken_as_plain_text() =>
        Assert.All(
            Cmdlets.SelectMany(cmdlet => cmdlet.Parameters.Values)
                .Where(parameter => Regex.IsMatch(parameter.Name, "Secret|Password"))
                // A switch is no secret.
                .Where(parameter => parameter.ParameterType != typeof(SwitchParameter)),
            parameter => Assert.Equal(typeof(System.Security.SecureString), parameter.ParameterType));

    [Fact]
    public void The_assembly_needs_nothing_but_the_engine() =>
        Assert.Equal(
            ["System.Management.Automation", "netstandard"],
            _imported.Assembly.GetReferencedAssemblies().Select(name => name.Name).Order(StringComparer.Ordinal));

    [Fact]
    public void No_other_managed_library_lies_in_the_module() =>
        Assert.Equal(
            [Place.Assembly],
            Directory.GetFiles(Place.Module, "*.dll", SearchOption.TopDirectoryOnly));

    [Theory]
    [InlineData("Status", "RS_STATUS")]
    [InlineData("RowType", "RS_ROW_TYPE")]
    public void The_numbers_of_an_enum_are_those_of_the_header(string type, string prefix)
    {
        var here = _imported.Type(type);
        var names = Enum.GetNames(here)
            .Select(name => ($"{prefix}_{Upper(name)}", Convert.ToInt32(Enum.Parse(here, name))));
        Assert.Equal(Header(prefix), names);
    }

    [Fact]
    public void The_numbers_of_cells_are_those_of_the_header()
    {
        var names = _imported.Type("Interop").GetFields(BindingFlags.Static | BindingFlags.NonPublic)
            .Where(field => field.IsLiteral && field.FieldType == typeof(int))
            .Select(field => (Name: Upper(field.Name.Replace("Type", "")), Number: (int)field.GetRawConstantValue()!))
            .Select(field => ($"RS_CELL_TYPE_{field.Name}", field.Number));
        Assert.Equal(Header("RS_CELL_TYPE"), names);
    }

    [Fact]
    public void Every_imported_function_is_in_the_header_with_as_many_arguments()
    {
        var header = Regex.Replace(HeaderText, @"/\*.*?\*/", "", RegexOptions.Singleline);
        var imported = _imported.Type("Interop").GetMethods(BindingFlags.Static | BindingFlags.NonPublic)
            .Where(method => method.Name.StartsWith("rs_", StringComparison.Ordinal)).ToList();
        Assert.NotEmpty(imported);
        foreach (var method in imported)
        {
            var declared = Regex.Match(header, $@"\b{method.Name}\(([^)]*)\)");
            Assert.True(declared.Success, $"{method.Name} is not in the header.");
            var arguments = declared.Groups[1].Value.Split(',').Length;
            Assert.Equal((method.Name, arguments), (method.Name, method.GetParameters().Length));
        }
    }

    [Theory]
    [InlineData("ErrorInfo", "Error")]
    [InlineData("RestrictedSenderConnection", "Connection", "IsDefault", "IsClosed")]
    [InlineData("RestrictedSender", "RestrictedSender")]
    [InlineData("Description", "Description")]
    [InlineData("SenderState", "SenderState")]
    [InlineData("UnblockResult", "UnblockResult")]
    [InlineData("HistoryEvent", "HistoryEvent")]
    [InlineData("HistorySummary", "HistorySummary")]
    [InlineData("JournalState", "Journal")]
    [InlineData("JournalBreak", "JournalBreak")]
    [InlineData("ConnectionCheck", "ConnectionCheck")]
    [InlineData("SenderAccountReport", "SenderAccountReport")]
    [InlineData("SenderAccountCheck", "SenderAccountCheck")]
    [InlineData("SenderAccountFact", "SenderAccountFact")]
    [InlineData("SenderAccountProtection", "SenderAccountProtection")]
    [InlineData("SendingLimit", "SendingLimit")]
    [InlineData("SendingRule", "SendingRule")]
    [InlineData("OutboundSending", "OutboundSending")]
    [InlineData("OutboundSendingSummary", "OutboundSendingSummary")]
    [InlineData("BusiestName", "Busiest")]
    [InlineData("UnusableLines", "UnusableLines")]
    [InlineData("NonDeliveryReport", "NonDeliveryReport")]
    [InlineData("NonDeliveryCode", "NonDeliveryCode")]
    public void The_properties_of_a_class_are_the_columns_of_its_row(
        string type, string row, params string[] ownProperties)
    {
        var columns = Columns(row).ToList();
        // An entry shows its description's columns as its own.
        if (type == "RestrictedSender")
            columns.AddRange(Columns("Description"));
        var properties = _imported.Type(type).GetProperties(Any)
            .Where(property => property.Name is not ("Connection" or "Session" or "Exchange" or "IsAutomatic")).ToList();
        Assert.Equal(
            columns.Select(column => column.Name).Concat(ownProperties),
            properties.Select(property => property.Name));
        Assert.All(
            columns.Zip(properties),
            pair => Assert.True(Fits(pair.First.Type, pair.Second.PropertyType), $"{type}.{pair.Second.Name}"));
    }

    [Fact]
    public void Every_row_type_that_is_an_object_is_compared_above()
    {
        var compared = typeof(HouseRulesTests).GetMethod(nameof(The_properties_of_a_class_are_the_columns_of_its_row))!
            .GetCustomAttributes<InlineDataAttribute>().Select(data => (string)data.GetData(null!).Single()[1]);
        // These become streams, prompts, calls and tests, not objects.
        string[] others =
        [
            "Message", "Progress", "Confirm", "Proxy", "ErrorCode", "Cmdlet", "Sign", "EnvironmentVariable",
            "Browse",
        ];
        Assert.Equal(Enum.GetNames(_imported.Type("RowType")).Order(), compared.Concat(others).Order());
    }

    [Fact]
    public void Every_cmdlet_has_help_with_every_parameter_and_an_example()
    {
        var gaps = new List<string>();
        foreach (var cmdlet in Cmdlets)
        {
            var help = _imported.Engine.Run($"Get-Help {cmdlet.Name} -Full").One;
            var synopsis = help.Text("Synopsis").Trim();
            if (synopsis == "" || synopsis.StartsWith(cmdlet.Name, StringComparison.Ordinal))
                gaps.Add($"{cmdlet.Name}: synopsis");
            var described = Descriptions(cmdlet.Name);
            var common = PSCmdlet.CommonParameters.Concat(PSCmdlet.OptionalCommonParameters);
            gaps.AddRange(cmdlet.Parameters.Keys.Except(common)
                .Where(name => described.GetValueOrDefault(name, "") == "")
                .Select(name => $"{cmdlet.Name} -{name}"));
            var script = $"(Get-Help {cmdlet.Name} -Full).examples.example | ForEach-Object code";
            var examples = _imported.Engine.Run(script).Good;
            if (examples.All(code => $"{code}".Trim() == ""))
                gaps.Add($"{cmdlet.Name}: example");
        }
        Assert.Empty(gaps);
    }

    private static string HeaderText =>
        File.ReadAllText(Path.Combine(Place.Root, "rust", "abi", "include", "restricted_sender.h"));

    private static IEnumerable<(string, int)> Header(string prefix) =>
        Regex.Matches(HeaderText, $@"\b({prefix}_\w+) = (\d+)")
            .Select(match => (match.Groups[1].Value, int.Parse(match.Groups[2].Value)));

    /// <summary><c>SenderState</c> as <c>SENDER_STATE</c>.</summary>
    private static string Upper(string name) => Regex.Replace(name, "(?<=[a-z])(?=[A-Z])", "_").ToUpperInvariant();

    private static CmdletAttribute Attribute(CmdletInfo cmdlet) =>
        cmdlet.ImplementingType.GetCustomAttribute<CmdletAttribute>()!;

    private static bool BindsFromThePipeline(CommandParameterInfo parameter) =>
        parameter.ValueFromPipeline || parameter.ValueFromPipelineByPropertyName;

    private static Type Bare(Type type) => Nullable.GetUnderlyingType(type) ?? type;

    /// <summary>As it stands in the source; the attribute itself hides an impact that cannot count.</summary>
    private static bool HasImpact(CmdletInfo cmdlet) =>
        cmdlet.ImplementingType.GetCustomAttributesData()
            .Single(data => data.AttributeType == typeof(CmdletAttribute))
            .NamedArguments.Any(argument => argument.MemberName == nameof(CmdletAttribute.ConfirmImpact));

    private static bool Fits(int cell, Type property)
    {
        var type = Bare(property);
        return cell switch
        {
            1 => type == typeof(bool),
            2 => type == typeof(int) || type == typeof(long) || type == typeof(TimeSpan) || type.IsEnum,
            3 => type == typeof(double),
            4 => type == typeof(DateTime),
            5 => type == typeof(string) || type == typeof(SecureString) || type == typeof(Guid) || type.IsEnum,
            6 => type == typeof(string[]) || type == typeof(ErrorRecord) || type == typeof(OrderedDictionary)
                || type.Name is "UnknownReason" or "JournalBreak[]" or "SenderAccountCheck[]" or "SenderAccountFact[]"
                    or "SendingRule[]" or "BusiestName[]" or "UnusableLines[]",
            _ => false,
        };
    }

    /// <summary>The columns of a row; what the service says beyond them becomes note properties.</summary>
    private IEnumerable<(string Name, int Type)> Columns(string row) =>
        NativeHost.Columns((int)Enum.Parse(_imported.Type("RowType"), row)).Where(column => column.Name != "Others");

    private Dictionary<string, string> Descriptions(string cmdlet) =>
        _imported.Engine.Run($$"""
            foreach ($parameter in @((Get-Help {{cmdlet}} -Full).parameters.parameter)) {
                "$($parameter.name)=$(@($parameter.description | ForEach-Object { $_.Text }))"
            }
            """).Good
            .Select(line => line.ToString().Split('=', 2))
            .ToDictionary(parts => parts[0], parts => parts[1].Trim(), StringComparer.OrdinalIgnoreCase);
}
