"""The word lists names are made of: invented people, plausible departments, sites and documents."""

from __future__ import annotations


def _each(text: str) -> tuple[str, ...]:
    return tuple(text.split())


GIVEN = _each(
    "Anna Ben Clara David Elena Farid Grace Hugo Ines Jonas Katya Liam Mara Noah Olivia Pavel Qing Rosa "
    "Samir Tessa Umar Vera Willem Ximena Yusuf Zoe Aiko Bruno Chiara Dmitri Eva Felix Gita Henrik Ida Javier "
    "Kofi Lena Mateo Nadia Oskar Priya Rafael Sofia Tomas Ulla Viktor Wanda Yara Zofia Amara Bastian Carmen "
    "Diego Emilia Finn Greta Hana Ivo Julia"
)

FAMILY = _each(
    "Berg Ochieng Lindholm Tanaka Novak Moreau Fischer Rossi Haddad Kowalski Silva Okafor Jensen Petrov Dubois "
    "Keller Marchetti Nakamura Eriksen Castillo Weber Banerjee Lund Osei Hoffmann Ferrari Popescu Virtanen Costa "
    "Schneider Yamada Bauer Mbeki Laurent Horvat Nilsen Romero Vogel Sato Mendes Brandt Kaya Olsen Ricci Vasquez "
    "Steiner Andersson Bakker Dvorak Farouk Gruber Iversen Jansen Klein Lopez Meier Nowak Ortega Perrin Quist"
)

DEPARTMENTS = (
    "Finance", "Sales", "Legal", "Marketing", "Procurement", "Engineering", "Research", "Quality", "Logistics",
    "Support", "Treasury", "Controlling", "Facilities", "Security", "Training", "Payroll", "Compliance", "Design",
    "Production", "Planning", "Analytics", "Service Desk", "Export Control", "Investor Relations",
)  # fmt: skip

REGIONS = (
    "EMEA", "APAC", "Americas", "Nordics", "DACH", "Iberia", "Benelux", "Japan", "India", "Brazil", "Canada",
    "Oslo", "Lyon", "Porto", "Graz", "Gdansk", "Osaka", "Accra", "Leeds", "Tampere",
)  # fmt: skip

TOPICS = (
    "Budget", "Roadmap", "Audit", "Forecast", "Onboarding", "Contracts", "Tenders", "Campaign", "Product Launch",
    "Supplier Review", "Customer Feedback", "Town Hall", "Merger", "Relocation", "Data Platform", "Works Council",
    "Annual Report", "Safety", "Pricing", "Hiring", "Spare Parts", "Field Trials", "Patents", "Travel",
)  # fmt: skip

QUALIFIERS = (
    "2026",
    "2025",
    "Core Team",
    "Steering",
    "Archive",
    "Working Group",
    "Partners",
    "Review",
    "Desk",
    "Lab",
)

FOLDERS = (
    "Drafts", "Final", "Minutes", "Contracts", "Reports", "Invoices", "Plans", "Templates", "Customers", "Photos",
    "Offers", "Policies", "Archive", "Handover", "Numbers", "Interviews", "Test results", "Presentations",
    "Correspondence", "Reviews", "Drawings", "Licences", "Schedules", "Background", "Meetings", "Proposals",
)  # fmt: skip

DOCUMENTS = (
    "Summary", "Budget", "Offer", "Minutes", "Contract", "Checklist", "Forecast", "Slides", "Notes", "Price list",
    "Statement", "Specification", "Timeline", "Survey", "Inventory", "Briefing", "Agenda", "Risk register",
)  # fmt: skip

EXTENSIONS = ("docx", "xlsx", "pptx", "pdf", "msg", "csv", "png", "vsdx")
LISTS = ("Tasks", "Issues", "Contacts", "Assets", "Visitors log", "Decisions")
CHANNELS = (
    "Leads",
    "Steering",
    "Salaries",
    "Vendors",
    "Reorganisation",
    "Incident room",
    "Board papers",
    "Deals",
)
CUSTOM_GROUPS = ("External reviewers", "Approvers", "Translators", "Auditors", "Interns", "Press readers")
PARTNERS = ("fabrikam.com", "northwindtraders.com", "adatum.com", "wingtiptoys.com", "litwareinc.com")
"""Home domains of guests: all of them fictitious companies of Microsoft's documentation."""

DIRECT_PARTNERS = (
    "proseware.com",
    "tailspintoys.com",
    "woodgrovebank.com",
    "treyresearch.net",
    "lucernepublishing.com",
)
"""Organisations whose people take part in shared channels without a guest account here (B2B direct connect)."""

JOBS = (
    "Analyst", "Consultant", "Engineer", "Assistant", "Manager", "Specialist", "Coordinator", "Planner", "Buyer",
    "Designer", "Technician", "Lawyer", "Controller", "Trainer", "Editor",
)  # fmt: skip
CITIES = (
    ("Oslo", "Norway", "NO", "nb-NO"), ("Lyon", "France", "FR", "fr-FR"), ("Porto", "Portugal", "PT", "pt-PT"),
    ("Graz", "Austria", "AT", "de-AT"), ("Gdansk", "Poland", "PL", "pl-PL"), ("Osaka", "Japan", "JP", "ja-JP"),
    ("Accra", "Ghana", "GH", "en-GB"), ("Leeds", "United Kingdom", "GB", "en-GB"), ("Tampere", "Finland", "FI", "fi-FI"),
    ("Austin", "United States", "US", "en-US"),
)  # fmt: skip
"""City, country, two-letter country, language."""
PLANS = ("Contoso Office Basic", "Contoso Office Standard", "Contoso Office Premium", "Contoso Voice",
         "Contoso Data Insight")  # fmt: skip
"""Invented licence plans: the first three exclude each other, the others come on top."""
