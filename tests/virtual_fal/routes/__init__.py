"""Who answers which address?"""
